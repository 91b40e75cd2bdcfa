import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { METHOD_METADATA } from '@nestjs/common/constants';
import { ACCESS } from './permission';

/** Looks at all routes once at start-up; a route that names neither a permission nor "public" stops it. */
@Injectable()
export class RouteAudit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  /** @throws Error that lists every unguarded route handler */
  check(): void {
    const faults: string[] = [];
    for (const { instance } of this.discovery.getControllers()) {
      const controller = instance as object;
      const prototype = Object.getPrototypeOf(controller) as Record<string, unknown>;
      for (const name of this.scanner.getAllMethodNames(prototype)) {
        const handler = prototype[name] as () => unknown;
        const isRoute = Reflect.hasMetadata(METHOD_METADATA, handler);
        if (isRoute && this.reflector.get<unknown>(ACCESS, handler) === undefined) {
          faults.push(`${controller.constructor.name}.${name}`);
        }
      }
    }
    if (faults.length > 0) {
      throw new Error(`These routes name neither a permission nor @Public(): ${faults.join(', ')}`);
    }
  }
}
