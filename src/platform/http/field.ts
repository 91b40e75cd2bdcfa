import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptions } from '@nestjs/swagger';
import { IsOptional, ValidateBy, ValidateNested } from 'class-validator';
import type { TalerCode } from '../../taler/error-codes';
import { DtoClass, registerField } from './field-registry';

export interface FieldOptions {
  readonly optional?: boolean;
  readonly description?: string;
  readonly example?: unknown;
  /** Error code, when it is not GENERIC_PARAMETER_MALFORMED. */
  readonly code?: TalerCode;
  readonly deprecated?: boolean;
}

/** How fields of one kind are checked and described. */
export interface FieldKind {
  readonly parse: (wire: unknown) => unknown;
  readonly expects: string;
  readonly schema: ApiPropertyOptions;
  readonly nested?: () => DtoClass;
  readonly lengthMax?: number;
}

/** One decorator says three things of a field: how it is checked, what the API document shows, which error names it. */
export function field(kind: FieldKind, options: FieldOptions): PropertyDecorator {
  const optional = options.optional ?? false;
  const register: PropertyDecorator = (prototype, name) =>
    registerField(prototype, {
      name: String(name),
      optional,
      parse: kind.parse,
      expects: kind.expects,
      code: options.code,
      nested: kind.nested,
      lengthMax: kind.lengthMax,
    });
  const check = kind.nested
    ? ValidateNested({ each: kind.lengthMax !== undefined })
    : ValidateBy({ name: 'wire', validator: { validate: (wire) => kind.parse(wire) !== undefined } });
  return applyDecorators(
    register,
    check,
    ...(optional ? [IsOptional()] : []),
    ApiProperty({
      ...kind.schema,
      required: !optional,
      description: options.description,
      example: options.example,
      deprecated: options.deprecated,
    } as ApiPropertyOptions),
  );
}
