import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Tx } from '../platform/database/tx';
import { LoginTokenEntity } from './login-token.entity';

/** Questions about login tokens. */
@Injectable()
export class TokensRepository {
  constructor(private readonly dataSource: DataSource) {}

  async findByHash(tokenHash: Buffer): Promise<LoginTokenEntity | undefined> {
    return (await this.dataSource.manager.findOneBy(LoginTokenEntity, { tokenHash })) ?? undefined;
  }

  async insert(tx: Tx, token: Omit<LoginTokenEntity, 'serial'>): Promise<void> {
    await tx.manager.insert(LoginTokenEntity, token);
  }

  /** @returns whether the token was there */
  async deleteByHash(tx: Tx, tokenHash: Buffer): Promise<boolean> {
    const { affected } = await tx.manager.delete(LoginTokenEntity, { tokenHash });
    return (affected ?? 0) > 0;
  }
}
