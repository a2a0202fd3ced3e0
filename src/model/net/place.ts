// Where an address is registered, as the table of countries and network numbers has it.
import { z } from 'zod';

/** Both are left out where nothing is known, as of private addresses. */
export const placeShape = {
  /** ISO 3166-1, two capitals. */
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional(),
  /** The number of the autonomous system that it belongs to. */
  as: z
    .int()
    .min(1)
    .max(2 ** 32 - 1)
    .optional(),
};
export type Place = z.infer<z.ZodObject<typeof placeShape>>;
