// The table of countries and network numbers that `script/setup` or the package brought.
import { join } from 'node:path';

export const ownTable = join(import.meta.dirname, '../../../build/geo.bin');
