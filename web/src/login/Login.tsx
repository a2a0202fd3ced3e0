// The page that the link of `postern ui` opens: it hands the token over once and goes on.
import { useEffect, useState } from 'react';
import { api } from '../api/calls.ts';
import { SignedOut } from '../frame/SignedOut.tsx';
import { viewAfterLogin } from './view.ts';

/** StrictMode mounts twice, and a token works once. */
let signingIn: Promise<string | undefined> | undefined;

async function signIn(): Promise<string | undefined> {
  const token = decodeURIComponent(location.hash.slice(1));
  const view = viewAfterLogin(location.search, location.origin);
  if (token === '') return 'There is no token in this address.';
  // It must not stay in the history of the browser.
  history.replaceState(null, '', '/login');
  const done = await api.signIn(token);
  if (!done.ok)
    return done.error.kind === 'signed-out' ? 'This link was used already, or its time is up.' : done.error.message;
  location.replace(view);
  return undefined;
}

export function Login() {
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    signingIn ??= signIn();
    void signingIn.then(setProblem);
  }, []);
  return problem === undefined ? (
    <main style={{ padding: '20vh 24px', textAlign: 'center' }}>
      <p role="status">Signing in …</p>
    </main>
  ) : (
    <SignedOut because={problem} />
  );
}
