// Not made yet.
export function Page() {
  return <h1>Lists</h1>;
}
