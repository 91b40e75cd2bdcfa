import { BoolField, EnumField, ListField, TextField } from './fields';
import { TAN_CHANNELS, type TanChannel } from '../config/config';

/** Challenge (management.md 3.1): one way to show the second factor. */
export class Challenge {
  @TextField({
    lengthMax: 128,
    description: 'opaque; for the paths below challenge/, and Taler-Challenge-Ids',
  })
  challenge_id!: string;
  @EnumField(TAN_CHANNELS)
  tan_channel!: TanChannel;
  @TextField({ lengthMax: 320, description: 'where the code goes, masked', example: 'te***@example.com' })
  tan_info!: string;
}

/** ChallengeResponse (management.md 3.1). */
export class ChallengeResponse {
  @ListField(() => Challenge, { lengthMax: TAN_CHANNELS.length, description: 'never empty' })
  challenges!: Challenge[];
  @BoolField({ description: 'true: all must be solved; false: any one suffices' })
  combi_and!: boolean;
}
