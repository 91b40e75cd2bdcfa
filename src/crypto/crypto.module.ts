import { Module } from '@nestjs/common';
import { InstanceKeys } from './instance-keys.service';
import { KeyRing } from './key-ring';

@Module({ providers: [KeyRing, InstanceKeys], exports: [KeyRing, InstanceKeys] })
export class CryptoModule {}
