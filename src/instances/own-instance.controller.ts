import { Body, Get, Patch } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { InstanceController } from '../platform/http/instance-controller';
import { RequirePermission } from '../platform/http/permission';
import { OpenToUnvalidated } from '../platform/http/second-factor';
import { BODY_ERRORS, INSTANCE_ERRORS, Operation, CREDENTIAL_ERRORS } from '../platform/openapi/answers';
import { TalerCode } from '../taler/error-codes';
import { PatchInstanceDto } from './dto/instance.dto';
import { QueryInstancesResponse } from './dto/responses';
import type { Instance } from './instance';
import { toInstanceDetail } from './instance-responses';
import { CurrentInstance } from './instance-scope.guard';
import { PatchInstance } from './use-cases/patch-instance';

/** `private`: an instance about itself (management.md 4.5). */
@ApiTags('Instances')
@InstanceController('private')
export class OwnInstanceController {
  constructor(private readonly patchInstance: PatchInstance) {}

  @Get()
  @OpenToUnvalidated()
  @RequirePermission('instances-read')
  @Operation({
    summary: 'Read the own instance',
    good: { 200: { description: 'its configuration, without secrets', body: QueryInstancesResponse } },
    errors: [...CREDENTIAL_ERRORS, ...INSTANCE_ERRORS],
  })
  read(@CurrentInstance() instance: Instance) {
    return toInstanceDetail(instance);
  }

  // Whoever has mistyped an address can correct it.
  @Patch()
  @OpenToUnvalidated()
  @RequirePermission('instances-token-write')
  @Operation({
    summary: 'Change the configuration of the own instance',
    description: 'The whole configuration anew: an absent member is none afterwards; an absent delay stays.',
    good: { 204: { description: 'changed' } },
    errors: [
      ...BODY_ERRORS,
      ...CREDENTIAL_ERRORS,
      ...INSTANCE_ERRORS,
      TalerCode.MERCHANT_PRIVATE_PATCH_INSTANCES_PURGE_REQUIRED,
    ],
  })
  async patch(@CurrentInstance() instance: Instance, @Body() request: PatchInstanceDto): Promise<void> {
    await this.patchInstance.run(instance.id, request);
  }
}
