import { Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock';
import { ListedToken, TokensRepository } from '../tokens.repository';

/** `GET private/tokens` (management.md 2.5): what opens something at this moment. */
@Injectable()
export class ListTokens {
  constructor(
    private readonly tokens: TokensRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * @param limit negative: newest first
   * @param offset exclusive serial to start from
   */
  run(instanceSerial: bigint, limit: number, offset: bigint | undefined): Promise<ListedToken[]> {
    return this.tokens.list(instanceSerial, this.clock.nowUs(), limit, offset);
  }
}
