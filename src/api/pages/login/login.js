// Trades the token of a link, which stands behind the # and is sent to nobody else, for a cookie, and goes to the pages.
const said = document.getElementById('said');
const token = location.hash.slice(1);

async function login() {
  // Out of the address, so that neither history nor a bookmark has it.
  history.replaceState(null, '', '/login');
  if (token === '') {
    said.textContent = 'You are not logged in.';
    return;
  }
  try {
    const answer = await fetch('/api/v1/pages/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'postern-request': '1' },
      body: JSON.stringify({ token }),
    });
    if (answer.ok) {
      location.replace('/');
      return;
    }
    const { error } = await answer.json();
    said.textContent = `${error.message[0].toUpperCase()}${error.message.slice(1)}.`;
  } catch {
    said.textContent = 'Postern does not answer.';
  }
}

void login();
