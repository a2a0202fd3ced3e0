// Not made yet.
export function Page() {
  return <h1>Health</h1>;
}
