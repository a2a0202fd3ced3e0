// Logs in: with the token of a link, which stands behind the # and is sent to nobody else, or with a user and a password.
// Each is traded for a cookie; then the browser goes to the page that was asked for.
const said = document.getElementById('said');
const form = document.getElementById('form');
const token = location.hash.slice(1);
const wanted = new URLSearchParams(location.search).get('to') ?? '/';
/** Only ever a path of ours: `//host` and `/\host` are others. */
const target = /^\/(?![/\\])/.test(wanted) && !wanted.startsWith('/login') ? wanted : '/';

function say(text, wrong) {
  said.textContent = text;
  said.className = wrong ? 'wrong' : '';
}

function ask(method, path, body) {
  return fetch(`/api/v1/pages/${path}`, {
    method,
    headers: {
      ...(method !== 'GET' && { 'postern-request': '1' }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
}

/** Whether it logged in; otherwise it is said why not. */
async function login(path, body) {
  say('Logging in …');
  try {
    const answer = await ask('POST', path, body);
    if (answer.ok) {
      location.replace(target);
      return true;
    }
    const { error } = await answer.json();
    say(`${error.message[0].toUpperCase()}${error.message.slice(1)}.`, true);
  } catch {
    say('Postern does not answer.', true);
  }
  return false;
}

/** Who logged in in another window meanwhile is logged in here too. */
async function look() {
  try {
    if ((await ask('GET', 'session')).ok) location.replace(target);
  } catch {
    // It is asked again when somebody comes back.
  }
}

if (token !== '') {
  // Out of the address, so that neither history nor a bookmark has it.
  history.replaceState(null, '', '/login');
  void login('session', { token });
}
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void look();
});

if (form !== null) {
  const button = form.querySelector('button');
  document.getElementById('host').textContent = location.host;
  form.elements.user.focus();
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const { user, password } = form.elements;
    button.disabled = true;
    const done = await login('password', { user: user.value, password: password.value });
    button.disabled = done;
    if (done) return;
    password.select();
    password.focus();
  });
}
