import type { TalerCode } from '../../taler/error-codes';

/** What a field decorator knows about one member of a DTO. */
export interface FieldFacts {
  readonly name: string;
  readonly optional: boolean;
  /** The typed value, or undefined when the wire value is not acceptable. */
  readonly parse: (wire: unknown) => unknown;
  /** What the value must be, for the error's detail: "must be …". */
  readonly expects: string;
  /** Code of the error, when it is not GENERIC_PARAMETER_MALFORMED. */
  readonly code?: TalerCode;
  /** DTO class of a nested object, or of the elements of an array. */
  readonly nested?: () => DtoClass;
  /** Present on arrays: most elements. */
  readonly lengthMax?: number;
}

export type DtoClass = new () => object;

const fieldsOf = new Map<object, Map<string, FieldFacts>>();

export function registerField(prototype: object, facts: FieldFacts): void {
  let fields = fieldsOf.get(prototype);
  if (!fields) fieldsOf.set(prototype, (fields = new Map()));
  fields.set(facts.name, facts);
}

const flattened = new Map<DtoClass, readonly FieldFacts[]>();

/** The fields of a DTO class, those of its base classes first. */
export function fieldsOfClass(dto: DtoClass): readonly FieldFacts[] {
  const known = flattened.get(dto);
  if (known) return known;
  const merged = new Map<string, FieldFacts>();
  const chain: object[] = [];
  for (let at: object | null = dto.prototype as object; at; at = Object.getPrototypeOf(at) as object | null) {
    chain.unshift(at);
  }
  for (const prototype of chain) {
    for (const [name, facts] of fieldsOf.get(prototype) ?? []) merged.set(name, facts);
  }
  const facts = [...merged.values()];
  flattened.set(dto, facts);
  return facts;
}
