import { Controller, Get, Module, Post, Type } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { Public, RequirePermission } from './permission';
import { RouteAudit } from './route-audit';

@Controller('guarded')
class GuardedController {
  @Get()
  @Public()
  read() {
    return {};
  }
  @Post()
  @RequirePermission('orders-write')
  write() {
    return {};
  }
  /** No route: needs no permission. */
  helper() {
    return {};
  }
}

@Controller('forgotten')
class ForgottenController {
  @Get('open')
  @Public()
  open() {
    return {};
  }
  @Get('left')
  left() {
    return {};
  }
  @Post('right')
  right() {
    return {};
  }
}

async function auditOf(...controllers: Type[]): Promise<RouteAudit> {
  @Module({ imports: [DiscoveryModule], controllers, providers: [RouteAudit] })
  class AuditedModule {}
  const module = await Test.createTestingModule({ imports: [AuditedModule] }).compile();
  return module.get(RouteAudit);
}

describe('the audit of routes at start-up', () => {
  it('passes when every route names a permission or "public"', async () => {
    const audit = await auditOf(GuardedController);
    expect(() => audit.check()).not.toThrow();
  });

  it('stops the start with the names of all routes that name neither', async () => {
    const audit = await auditOf(GuardedController, ForgottenController);
    expect(() => audit.check()).toThrow(
      'These routes name neither a permission nor @Public(): ForgottenController.left, ForgottenController.right',
    );
  });
});
