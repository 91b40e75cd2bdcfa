import { Router } from 'express';
import type { Pool } from 'pg';
import { BASELINE_LISTS } from './statements';

interface ListedRow {
  serial: string;
  order_id: string;
  summary: string;
  currency: string;
  amount: string;
  created_us: string;
  paid_us: string | null;
  refund_granted: string;
  refund_obtained: string;
}

type Filter = keyof typeof BASELINE_LISTS;

const isFilter = (text: string): text is Filter => text in BASELINE_LISTS;

/** `GET /list/FILTER?limit=N[&session_id=TEXT]`: one statement, and a page of as many members as ours. */
export function listRoutes(pool: Pool): Router {
  const router = Router();
  router.get('/list/:filter', async (request, response) => {
    const { filter } = request.params;
    const { limit, session_id: session } = request.query;
    const values = [1, Number(limit), ...(session === undefined ? [] : [session])];
    const statement = BASELINE_LISTS[isFilter(filter) ? filter : 'all'];
    const { rows } = await pool.query<ListedRow>({ ...statement, values });
    response.json({ orders: rows.map(toEntry) });
  });
  return router;
}

const UNITS = 1e8;

function toEntry(row: ListedRow) {
  const money = (units: number): string => `${row.currency}:${units / UNITS}`;
  const granted = Number(row.refund_granted);
  const pending = granted - Number(row.refund_obtained);
  return {
    order_id: row.order_id,
    row_id: Number(row.serial),
    timestamp: { t_s: Math.floor(Number(row.created_us) / 1e6) },
    amount: money(Number(row.amount)),
    summary: row.summary,
    refundable: row.paid_us !== null && granted < Number(row.amount),
    paid: row.paid_us !== null,
    refund_amount: granted > 0 ? money(granted) : undefined,
    pending_refund_amount: pending > 0 ? money(pending) : undefined,
  };
}
