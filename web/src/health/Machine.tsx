// What `postern doctor` finds on this machine: features of the kernel, hooks, other firewalls, each with what to do about it.
import { api } from '../api/calls.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { FindingRow, Part } from './parts.tsx';

export function Machine() {
  const { value, failure } = useAsked(api.doctor, []);
  return (
    <Part title="What the doctor says of this machine">
      {failure !== undefined && <p className="quiet">{failure.message}</p>}
      {value === undefined && failure === undefined && <p className="quiet">It is being looked at …</p>}
      <ul>
        {(value?.checks ?? []).map((check) => (
          <FindingRow key={check.name} finding={check} />
        ))}
      </ul>
    </Part>
  );
}
