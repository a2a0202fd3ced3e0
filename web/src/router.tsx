// The address of each view, and which code it takes: every page is loaded when it is opened.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type RouteComponent,
} from '@tanstack/react-router';
import { Frame } from './frame/Frame.tsx';
import { Lost } from './frame/Lost.tsx';

const root = createRootRoute({ notFoundComponent: Lost });
const frame = createRoute({ getParentRoute: () => root, id: 'frame', component: Frame });

const page = <Path extends string>(path: Path, load: () => Promise<{ Page: RouteComponent }>) =>
  createRoute({ getParentRoute: () => frame, path, component: lazyRouteComponent(load, 'Page') });

const tree = root.addChildren([
  frame.addChildren([
    page('/', () => import('./now/Now.tsx')),
    page('/ask', () => import('./ask/Ask.tsx')),
    page('/refused', () => import('./refused/Refused.tsx')),
    page('/history', () => import('./history/History.tsx')),
    page('/apps', () => import('./apps/Apps.tsx')),
    page('/apps/$app', () => import('./apps/App.tsx')),
    page('/rules', () => import('./rules/Rules.tsx')),
    page('/learn', () => import('./learn/Learn.tsx')),
    page('/rules/$rule', () => import('./editor/Editor.tsx')),
    page('/names', () => import('./names/Names.tsx')),
    page('/networks', () => import('./networks/Networks.tsx')),
    page('/lists', () => import('./lists/Lists.tsx')),
    page('/settings', () => import('./settings/Settings.tsx')),
    page('/health', () => import('./health/Health.tsx')),
  ]),
]);

/** What stands behind the question mark is plain text, so that people can read and write it. */
export const router = createRouter({
  routeTree: tree,
  defaultPreload: 'intent',
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(search)) {
      if (value !== undefined && value !== '') query.set(key, String(value));
    }
    const text = query.toString();
    return text === '' ? '' : `?${text}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
