// Where a link of the desktop leads once it has logged in: a view of these pages, and nothing else.

/** Of `?to=/ask`; another site, or none, is the first page. */
export function viewAfterLogin(search: string, origin: string): string {
  const to = new URLSearchParams(search).get('to') ?? '/';
  if (!to.startsWith('/')) return '/';
  const url = URL.parse(to, origin);
  if (url === null || url.origin !== origin || url.pathname.startsWith('/login')) return '/';
  return `${url.pathname}${url.search}`;
}
