// The keys of the pages.
import { Sheet } from '../parts/Sheet.tsx';
import styles from './now.module.css';

const keys = [
  ['j  k', 'next and previous row'],
  ['Enter', 'open or close a row; explain a connection'],
  ['e', 'explain the row’s newest connection'],
  ['a  d', 'make a rule of it: allow, refuse. On a question: answer it'],
  ['n', 'on a question: not now'],
  ['u', 'undo the last change of the rules'],
  ['/', 'search; Enter goes to what was found'],
  ['Esc', 'close what is open'],
  ['?', 'this help'],
] as const;

export function Help({ close }: { readonly close: () => void }) {
  return (
    <Sheet title="Keys" close={close} narrow>
      <dl className={styles.keys}>
        {keys.map(([key, text]) => (
          <div key={key}>
            <dt>
              {key.split('  ').map((one) => (
                <kbd key={one}>{one}</kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </Sheet>
  );
}
