// A long list of which only the rows in sight are drawn; each is as high as the others.
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import styles from './parts.module.css';

interface Props {
  readonly count: number;
  /** Pixels. */
  readonly rowHeight: number;
  readonly keyOf: (index: number) => string;
  readonly row: (index: number) => ReactNode;
}

export function VirtualRows({ count, rowHeight, keyOf, row }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    const measure = () => setMargin(Math.round((place.current?.getBoundingClientRect().top ?? 0) + window.scrollY));
    measure();
    // What comes above the list moves it. To ask after each drawing would cost a layout each time; here it is done already.
    const watch = new ResizeObserver(measure);
    watch.observe(document.body);
    return () => watch.disconnect();
  }, []);
  const virtual = useWindowVirtualizer({
    count,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollMargin: margin,
    getItemKey: keyOf,
  });
  return (
    <div ref={place} role="presentation" className={styles.virtual} style={{ height: virtual.getTotalSize() }}>
      {virtual.getVirtualItems().map(({ index, key, start }) => (
        <div
          key={key}
          role="presentation"
          className={styles.virtualRow}
          style={{ height: rowHeight, transform: `translateY(${start - margin}px)` }}
        >
          {row(index)}
        </div>
      ))}
    </div>
  );
}
