import { LoginTokenSuccessResponse } from '../auth/dto';

/** InstanceCreatedResponse (management.md 4.3): the token that was asked for with `token_validity_ms`. */
export class InstanceCreatedResponse extends LoginTokenSuccessResponse {}
