import { ArgumentMetadata, Injectable, PipeTransform } from '@nestjs/common';
import { validateSync, ValidationError } from 'class-validator';
import { TalerCode } from '../../taler/error-codes';
import { TalerError } from '../../taler/taler-error';
import { DtoClass, FieldFacts, fieldsOfClass } from './field-registry';

/**
 * Turns a request body into its DTO. The first fault becomes a TalerError whose `field` is the member's path and
 * whose `detail` says what is wanted; an explicit null is the same as an absent member (orders.md 2.3), unknown
 * members are ignored.
 *
 * The wire values are laid into the DTO by hand and replaced by typed values (Amount, Buffer, Timestamp). Only when one
 * of them does not parse is class-validator asked, with the same parsers, what is wrong: a good request is parsed once,
 * at a tenth of the price. class-transformer is left out: it walks and copies members that must stay as they are
 * because they are hashed or passed on.
 */
@Injectable()
export class TalerValidationPipe implements PipeTransform {
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    const dto = metadata.metatype as DtoClass | undefined;
    if (metadata.type !== 'body' || !dto || fieldsOfClass(dto).length === 0) return value;
    return toDto(dto, value);
  }
}

/**
 * Checks `wire` against the fields of `dto`.
 * @throws TalerError GENERIC_PARAMETER_MALFORMED (or the field's own code) naming the first fault;
 *   GENERIC_JSON_INVALID when there is no body at all
 */
export function toDto<T extends object>(dto: new () => T, wire: unknown, path = ''): T {
  if (wire === undefined)
    throw new TalerError(TalerCode.GENERIC_JSON_INVALID, { detail: 'the body is empty' });
  const instance = lay(dto, wire, path);
  if (typeValues(dto, instance)) return instance as T;
  const [fault] = validateSync(lay(dto, wire, path), VALIDATOR_OPTIONS);
  // The validators run the very parsers that have just refused, so they cannot find nothing.
  throw fault ? explain(dto, fault, path) : malformed(path, 'valid');
}

const VALIDATOR_OPTIONS = { forbidUnknownValues: false, stopAtFirstError: true };

function malformed(
  path: string,
  expects: string,
  code: TalerCode = TalerCode.GENERIC_PARAMETER_MALFORMED,
): TalerError {
  return new TalerError(code, {
    detail: path === '' ? `the body must be ${expects}` : `${path}: must be ${expects}`,
    extra: { field: path },
  });
}

/** The known members of `wire` in an instance of the DTO, nulls left out. */
function lay(dto: DtoClass, wire: unknown, path: string): object {
  if (typeof wire !== 'object' || wire === null || Array.isArray(wire))
    throw malformed(path, 'a JSON object');
  const instance = new dto() as Record<string, unknown>;
  for (const facts of fieldsOfClass(dto)) {
    const value = Object.hasOwn(wire, facts.name) ? (wire as Record<string, unknown>)[facts.name] : undefined;
    if (value === undefined || value === null) {
      if (!facts.optional) throw malformed(join(path, facts.name), `present and ${facts.expects}`);
      continue;
    }
    instance[facts.name] = facts.nested ? layNested(facts, value, join(path, facts.name)) : value;
  }
  return instance;
}

function layNested(facts: FieldFacts, value: unknown, path: string): unknown {
  const dto = (facts.nested as () => DtoClass)();
  if (facts.lengthMax === undefined) return lay(dto, value, path);
  // The bound comes first: nothing is spent on the elements of a list that is too long.
  if (!Array.isArray(value) || value.length > facts.lengthMax)
    throw malformed(path, facts.expects, facts.code);
  return value.map((element, index) => lay(dto, element, `${path}[${index}]`));
}

function explain(dto: DtoClass, fault: ValidationError, path: string): TalerError {
  const isElement = /^\d+$/.test(fault.property);
  const here = isElement ? `${path}[${fault.property}]` : join(path, fault.property);
  const facts = isElement ? undefined : fieldsOfClass(dto).find((field) => field.name === fault.property);
  const [child] = fault.children ?? [];
  if (child) return explain(facts?.nested?.() ?? dto, child, here);
  return malformed(here, facts?.expects ?? 'valid', facts?.code);
}

/** @returns false when some value is not acceptable */
function typeValues(dto: DtoClass, instance: object): boolean {
  const members = instance as Record<string, unknown>;
  for (const facts of fieldsOfClass(dto)) {
    const value = members[facts.name];
    if (value === undefined) continue;
    if (facts.nested) {
      if (!typeNested(facts.nested(), value)) return false;
      continue;
    }
    const typed = facts.parse(value);
    if (typed === undefined) return false;
    members[facts.name] = typed;
  }
  return true;
}

function typeNested(dto: DtoClass, value: unknown): boolean {
  if (Array.isArray(value)) return value.every((element) => typeValues(dto, element as object));
  return typeValues(dto, value as object);
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
