import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** Everything /metrics shows. One registry per application, so that tests can run several side by side. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  /** Labelled by route pattern, never by URL: URLs have no bound. */
  private readonly httpRequests = new Histogram({
    name: 'taler_merchant_http_request_seconds',
    help: 'Time from the first byte of a request to the last of its answer',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300],
    registers: [this.registry],
  });
  readonly transactionRetries = new Counter({
    name: 'taler_merchant_transaction_retries_total',
    help: 'Transactions run again after a serialization failure or deadlock',
    labelNames: ['name'] as const,
    registers: [this.registry],
  });
  readonly longPollWaiters = new Gauge({
    name: 'taler_merchant_long_poll_waiters',
    help: 'Requests that wait for an event',
    registers: [this.registry],
  });
  readonly deposits = new Counter({
    name: 'taler_merchant_deposits_total',
    help: 'Deposit batches sent to exchanges, by outcome',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  readonly unresolvedPayments = new Gauge({
    name: 'taler_merchant_unresolved_payments',
    help: 'Payments of which the outcome at an exchange is not known yet',
    registers: [this.registry],
  });
  readonly owedCoins = new Gauge({
    name: 'taler_merchant_owed_coins',
    help: 'Coins given back to wallets that no exchange has refunded yet',
    registers: [this.registry],
  });

  private readonly requestSeries = new Map<string, { observe(seconds: number): void }>();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** One answered request. The series are looked up once: there are as many as routes times methods times statuses. */
  observeRequest(request: { method: string; route: string; status: number }, seconds: number): void {
    const key = `${request.method} ${request.status} ${request.route}`;
    let series = this.requestSeries.get(key);
    if (!series) this.requestSeries.set(key, (series = this.httpRequests.labels(request)));
    series.observe(seconds);
  }
}
