// Not made yet.
export function Page() {
  return <h1>History</h1>;
}
