// Not made yet.
export function Page() {
  return <h1>Refused</h1>;
}
