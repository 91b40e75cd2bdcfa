import { Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { InstanceController } from '../platform/http/instance-controller';
import { RequirePermission } from '../platform/http/permission';
import { INSTANCE_ERRORS, Operation, TOKEN_ERRORS } from '../platform/openapi/answers';
import { QueryInstancesResponse } from './dto/responses';
import type { Instance } from './instance';
import { toInstanceDetail } from './instance-responses';
import { CurrentInstance } from './instance-scope.guard';

/** `private`: an instance about itself (management.md 4.5). */
@ApiTags('Instances')
@InstanceController('private')
export class OwnInstanceController {
  @Get()
  @RequirePermission('instances-read')
  @Operation({
    summary: 'Read the own instance',
    good: { 200: { description: 'its configuration, without secrets', body: QueryInstancesResponse } },
    errors: [...TOKEN_ERRORS, ...INSTANCE_ERRORS],
  })
  read(@CurrentInstance() instance: Instance) {
    return toInstanceDetail(instance);
  }
}
