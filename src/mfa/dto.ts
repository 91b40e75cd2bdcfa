import { TextField, TimestampField } from '../platform/http/fields';

/** The body of `POST challenge/$ID`: any JSON object, also the empty one (management.md 3.2). */
export class ChallengeRequest {}

/** ChallengeRequestResponse (management.md 3.2). */
export class ChallengeRequestResponse {
  @TimestampField({ description: 'last moment to confirm' })
  solve_expiration!: object;
  @TimestampField({ description: 'not before then another code is sent' })
  earliest_retransmission!: object;
}

/** The body of `POST challenge/$ID/confirm` (management.md 3.3). */
export class ConfirmRequest {
  @TextField({ lengthMax: 64, description: 'the code, with or without its dash', example: '1234-5678' })
  tan!: string;
}
