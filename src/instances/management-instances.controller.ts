import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { RequireAdmin } from '../platform/http/permission';
import { BODY_ERRORS, Operation, TOKEN_ERRORS } from '../platform/openapi/answers';
import { TalerCode } from '../taler/error-codes';
import { CreateInstanceDto } from './dto/create-instance.dto';
import { InstancesResponse, QueryInstancesResponse } from './dto/responses';
import { InstanceDirectory } from './instance-directory';
import { toInstanceDetail, toInstanceSummary } from './instance-responses';
import { InstancesRepository } from './instances.repository';
import { CreateInstance } from './use-cases/create-instance';

/** `/management/instances`: exists once, for the admin (management.md 1.1). */
@ApiTags('Instances')
@Controller('management/instances')
export class ManagementInstancesController {
  constructor(
    private readonly createInstance: CreateInstance,
    private readonly instances: InstancesRepository,
    private readonly directory: InstanceDirectory,
  ) {}

  @Post()
  @RequireAdmin('instances-write')
  @Operation({
    summary: 'Create an instance',
    good: { 204: { description: 'created, or there already with the same configuration' } },
    errors: [
      ...BODY_ERRORS,
      ...TOKEN_ERRORS,
      TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_BAD_AUTH,
      TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_ALREADY_EXISTS,
      TalerCode.MERCHANT_PRIVATE_POST_INSTANCES_PURGE_REQUIRED,
    ],
  })
  async create(@Body() request: CreateInstanceDto): Promise<void> {
    await this.createInstance.run(request);
  }

  @Get()
  @RequireAdmin('instances-read')
  @Operation({
    summary: 'List all instances',
    good: { 200: { description: 'all instances, deleted ones included', body: InstancesResponse } },
    errors: TOKEN_ERRORS,
  })
  async list() {
    return { instances: (await this.instances.list()).map(toInstanceSummary) };
  }

  @Get(':id')
  @RequireAdmin('instances-read')
  @Operation({
    summary: 'Read an instance',
    good: { 200: { description: 'its configuration, without secrets', body: QueryInstancesResponse } },
    errors: [...TOKEN_ERRORS, TalerCode.MERCHANT_GENERIC_INSTANCE_UNKNOWN],
  })
  async read(@Param('id') id: string) {
    return toInstanceDetail(await this.directory.get(id));
  }
}
