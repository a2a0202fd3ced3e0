// Not made yet.
export function Page() {
  return <h1>Rules</h1>;
}
