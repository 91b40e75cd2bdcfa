import { TextField, TextListField } from './fields';

/** A postal address; every part is optional (orders.md 8.5). */
export class LocationDto {
  @TextField({ optional: true, lengthMax: 255 })
  country?: string;
  @TextField({ optional: true, lengthMax: 255 })
  country_subdivision?: string;
  @TextField({ optional: true, lengthMax: 255 })
  district?: string;
  @TextField({ optional: true, lengthMax: 255 })
  town?: string;
  @TextField({ optional: true, lengthMax: 255 })
  town_location?: string;
  @TextField({ optional: true, lengthMax: 255 })
  post_code?: string;
  @TextField({ optional: true, lengthMax: 255 })
  street?: string;
  @TextField({ optional: true, lengthMax: 255 })
  building_name?: string;
  @TextField({ optional: true, lengthMax: 255 })
  building_number?: string;
  @TextListField({ optional: true, lengthMax: 7, textLengthMax: 255 })
  address_lines?: string[];
}
