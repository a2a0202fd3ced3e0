// Not made yet.
export function Page() {
  return <h1>Names</h1>;
}
