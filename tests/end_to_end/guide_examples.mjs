// The guide's two usage examples, word for word, between a fetch that fills in what they leave to the reader: where the
// server is, and the account that stands for "api-user". Prints what they learned as one line of JSON.
const { API, TOKEN, ENDPOINT, ORGANIZATION, USERNAME, PASSWORD } = process.env;
const realFetch = globalThis.fetch;
const seen = [];
globalThis.fetch = async (path, options = {}) => {
  const body = options.body?.replace('https://api.twizzit.com/v1', ENDPOINT)
    .replace('My Korfball Club', ORGANIZATION).replace('api-user', USERNAME).replace('secure-password', PASSWORD);
  const response = await realFetch(API + path, { ...options, body });
  seen.push([options.method ?? 'GET', path, response.status]);
  return response;
};
const token = TOKEN;
const adminToken = TOKEN;
const said = [];
const log = console.log;
console.log = (line) => said.push(line);

// ---- Basic Sync Workflow ----
// 1. Store credentials
const credResponse = await fetch('/api/twizzit/credentials', {
  method: 'POST',
  headers: {
    'Authorization': `Bearer ${token}`,
    'Content-Type': 'application/json'
  },
  body: JSON.stringify({
    organizationName: 'My Korfball Club',
    apiUsername: 'api-user',
    apiPassword: 'secure-password',
    apiEndpoint: 'https://api.twizzit.com/v1'
  })
});
const { credential } = await credResponse.json();

// 2. Verify connection
await fetch(`/api/twizzit/verify/${credential.id}`, {
  method: 'POST',
  headers: { 'Authorization': `Bearer ${token}` }
});

// 3. Sync teams (with players)
const syncResponse = await fetch(`/api/twizzit/sync/teams/${credential.id}`, {
  method: 'POST',
  headers: {
    'Authorization': `Bearer ${token}`,
    'Content-Type': 'application/json'
  },
  body: JSON.stringify({ includePlayers: true })
});

const result = await syncResponse.json();
console.log(`Synced ${result.succeeded} teams`);

// 4. View sync history
const historyResponse = await fetch(
  `/api/twizzit/sync/history/${credential.id}`,
  { headers: { 'Authorization': `Bearer ${token}` } }
);
const { history } = await historyResponse.json();

// ---- Configure Automated Sync ----
const credentialId = credential.id;
// Enable automatic synchronization every 60 minutes
await fetch(`/api/twizzit/sync/config/${credentialId}`, {
  method: 'PUT',
  headers: {
    'Authorization': `Bearer ${adminToken}`,
    'Content-Type': 'application/json'
  },
  body: JSON.stringify({
    syncTeams: true,
    syncPlayers: true,
    syncCompetitions: false,
    syncIntervalMinutes: 60,
    autoSyncEnabled: true
  })
});

log(JSON.stringify({ seen, said, result, history, credentialId }));
