import { Body, Controller, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ChangeAuthDto } from '../instances/dto/instance.dto';
import { Public } from '../platform/http/permission';
import {
  CHALLENGE_ERRORS,
  CHALLENGE_HEADER,
  CHALLENGED,
  CurrentCall,
  type ProtectedCall,
} from '../platform/http/second-factor';
import { TOO_MANY_LOGINS } from '../platform/http/too-many';
import { BODY_ERRORS, INSTANCE_ERRORS, Operation } from '../platform/openapi/answers';
import { TalerCode } from '../taler/error-codes';
import { ForgotPassword } from './use-cases/forgot-password';

/** `POST instances/$ID/forgot-password` (management.md 4.7). */
@ApiTags('Two-factor authentication')
@Controller('instances')
export class ForgotPasswordController {
  constructor(private readonly forgotPassword: ForgotPassword) {}

  @Post(':id/forgot-password')
  @Public()
  @Operation({
    summary: 'Set a new password without the old one',
    description:
      'By codes that come back from the addresses of the instance. All its login tokens are revoked. Not for the admin ' +
      'instance, whose password the operator sets.',
    good: { 204: { description: 'changed' }, ...CHALLENGED },
    errors: [
      ...BODY_ERRORS,
      ...INSTANCE_ERRORS,
      ...CHALLENGE_ERRORS,
      TalerCode.MERCHANT_PRIVATE_POST_INSTANCE_AUTH_BAD_AUTH,
      TOO_MANY_LOGINS,
    ],
    headers: [CHALLENGE_HEADER],
  })
  async recover(
    @Param('id') id: string,
    @CurrentCall() call: ProtectedCall,
    @Body() request: ChangeAuthDto,
  ): Promise<void> {
    await this.forgotPassword.run(id, request, call);
  }
}
