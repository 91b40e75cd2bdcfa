import { Body, Controller, Get, Param, Patch } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { RequireAdmin } from '../platform/http/permission';
import { BODY_ERRORS, Operation, CREDENTIAL_ERRORS } from '../platform/openapi/answers';
import { TalerCode } from '../taler/error-codes';
import { PatchInstanceDto } from './dto/instance.dto';
import { InstancesResponse, QueryInstancesResponse } from './dto/responses';
import { InstanceDirectory } from './instance-directory';
import { toInstanceDetail, toInstanceSummary } from './instance-responses';
import { InstancesRepository } from './instances.repository';
import { PatchInstance } from './use-cases/patch-instance';

/** `/management/instances`: exists once, for the admin (management.md 1.1). Creating and deleting is provisioning's. */
@ApiTags('Instances')
@Controller('management/instances')
export class ManagementInstancesController {
  constructor(
    private readonly patchInstance: PatchInstance,
    private readonly instances: InstancesRepository,
    private readonly directory: InstanceDirectory,
  ) {}

  @Get()
  @RequireAdmin('instances-read')
  @Operation({
    summary: 'List all instances',
    good: { 200: { description: 'all instances, deleted ones included', body: InstancesResponse } },
    errors: CREDENTIAL_ERRORS,
  })
  async list() {
    return { instances: (await this.instances.list()).map(toInstanceSummary) };
  }

  @Get(':id')
  @RequireAdmin('instances-read')
  @Operation({
    summary: 'Read an instance',
    good: { 200: { description: 'its configuration, without secrets', body: QueryInstancesResponse } },
    errors: [...CREDENTIAL_ERRORS, TalerCode.MERCHANT_GENERIC_INSTANCE_UNKNOWN],
  })
  async read(@Param('id') id: string) {
    return toInstanceDetail(await this.directory.get(id));
  }

  @Patch(':id')
  @RequireAdmin('instances-token-write')
  @Operation({
    summary: 'Change the configuration of an instance',
    description: 'The whole configuration anew: an absent member is none afterwards; an absent delay stays.',
    good: { 204: { description: 'changed' } },
    errors: [
      ...BODY_ERRORS,
      ...CREDENTIAL_ERRORS,
      TalerCode.MERCHANT_GENERIC_INSTANCE_UNKNOWN,
      TalerCode.MERCHANT_PRIVATE_PATCH_INSTANCES_PURGE_REQUIRED,
    ],
  })
  async patch(@Param('id') id: string, @Body() request: PatchInstanceDto): Promise<void> {
    await this.patchInstance.run(id, request);
  }
}
