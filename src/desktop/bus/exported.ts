// What this program offers on the bus: an interface whose members a class configures.
import { interface as service } from '@jellybrick/dbus-next';

export class Exported extends service.Interface {
  constructor(name: string) {
    super(name);
    // The library (0.11.3) makes fields of its own that hide what configureMembers wrote into the class.
    delete this.$properties;
    delete this.$methods;
    delete this.$signals;
  }
}
