import { Module } from '@nestjs/common';
import { InstanceKeys } from './instance-keys.service';

@Module({ providers: [InstanceKeys], exports: [InstanceKeys] })
export class CryptoModule {}
