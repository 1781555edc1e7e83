// A deployment, watched live. Behind a balancer each answer may come from another instance, so that everything
// is kept by who said it.

const TICK_MS = 1_000;
const TELEMETRY_TICKS = 5;
const ANSWER_MS = 3_000;
const STRIP_LENGTH = 90;
const FORGOTTEN_MS = 120_000;

const PHASES = {
  starting: 'loads its catalogue; takes no traffic yet',
  ready: 'takes traffic',
  lame_duck: 'still serves, and asks balancers to look elsewhere',
  draining: 'finishes what is in flight and refuses the rest',
  stopped: 'is done and exits',
};

function shade(group) {
  return ['blue', 'green'].includes(group) ? group : 'other';
}

function chip(group) {
  return make('span', { class: `chip ${shade(group)}` }, group);
}

function operationsView(root) {
  const strip = make('div', { class: 'strip', role: 'img', 'aria-label': 'Who answered' });
  const tally = make('p', { class: 'hint' });
  const cards = make('div', { class: 'cards' });
  const traffic = make('div', { class: 'place' });
  const instances = new Map();
  const answers = [];
  const phases = new Map();
  const abort = new AbortController();

  root.append(
    make('div', { class: 'headline' }, make('h1', {}, 'Operations'), make('p', { class: 'total' }, 'looked at every second')),
    make('section', { 'aria-labelledby': 'strip-title' }, make('h2', { id: 'strip-title' }, 'Who answered'), strip, tally),
    make('section', { 'aria-labelledby': 'cards-title' }, make('h2', { id: 'cards-title' }, 'Instances'), cards),
    make('section', { 'aria-labelledby': 'traffic-title' }, make('h2', { id: 'traffic-title' }, 'Traffic by route'), traffic));

  // Takes note of an answer, and returns the one who gave it.
  const heard = (headers, part, said) => {
    const group = headers.get('x-deployment-group') ?? 'no colour';
    const name = headers.get('x-instance-id') ?? '';
    const id = `${group}/${name}`;
    const instance = instances.get(id) ?? { id, group, name };
    Object.assign(instance, { version: headers.get('x-service-version'), at: Date.now(), ...(part && { [part]: said }) });
    instances.set(id, instance);
    return instance;
  };

  const look = async (path, part) => {
    const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(ANSWER_MS)]);
    try {
      const { said, headers } = await exchange(address(path), { signal });
      return heard(headers, part, said);
    } catch (problem) {
      // A refusal is an answer, too.
      if (problem.headers) Object.assign(heard(problem.headers), { refusal: problem.message });
      return { problem };
    }
  };

  const tick = async (number) => {
    const jobs = [look('deployment/info', 'info'), look('deployment/shutdown/status', 'shutdown'), look('health/detailed', 'health')];
    if (number % TELEMETRY_TICKS === 0) jobs.push(look('telemetry', 'traffic'));
    const [answered, , , told] = await Promise.all(jobs);
    if (abort.signal.aborted) return;
    answers.push(answered.problem && !answered.problem.headers ? null : answered.group ?? 'refused');
    if (answers.length > STRIP_LENGTH) answers.shift();
    const isReached = answers.at(-1) !== null;
    notice(isReached ? null : 'No answer from the service. Still asking, every second.');
    for (const [id, one] of instances) if (Date.now() - one.at > FORGOTTEN_MS) instances.delete(id);
    strip.replaceChildren(
      ...Array.from({ length: STRIP_LENGTH - answers.length }, () => make('span', { class: 'unasked' })),
      ...answers.map((group) => make('span', { class: group === null ? 'none' : shade(group), title: group ?? 'no answer' })));
    tally.textContent = tallied(answers);
    strip.setAttribute('aria-label', `Who answered the last ${answers.length} times: ${tally.textContent}`);
    cards.replaceChildren(...[...instances.values()].sort((one, other) => (one.id < other.id ? -1 : 1)).map(card));
    announce(instances, phases);
    if (told?.traffic) traffic.replaceChildren(trafficTable(told));
    else if (told?.problem) explain(traffic, told.problem);
  };

  const run = async () => {
    for (let number = 0; !abort.signal.aborted; number += 1) {
      if (!document.hidden) await tick(number);
      await pause(TICK_MS, abort.signal).catch(() => {});
    }
  };
  run();
  return {
    update() {},
    leave() {
      abort.abort();
      notice(null);
    },
  };
}

function tallied(answers) {
  const numbers = new Map();
  for (const group of answers) numbers.set(group ?? 'no answer', (numbers.get(group ?? 'no answer') ?? 0) + 1);
  return [...numbers].map(([group, number]) => `${group} ${number}`).join(', ');
}

// Changes of phase are told to those who cannot see them; figures that change all the time are not.
function announce(instances, phases) {
  for (const one of instances.values()) {
    const phase = one.shutdown?.state;
    if (phase && phases.has(one.id) && phases.get(one.id) !== phase) say(`${one.group} ${one.name}: ${words(phase)}`);
    if (phase) phases.set(one.id, phase);
  }
}

function card(one) {
  const phase = one.shutdown?.state ?? one.health?.phase ?? 'unknown';
  const silent = (Date.now() - one.at) / 1000;
  const metrics = one.health?.metrics;
  const environment = one.info ?? one.health?.environment ?? {};
  const place = [environment.environment, environment.region, environment.availability_zone].filter(Boolean).join(', ');
  const rows = [
    ['Version', one.version],
    ['Health', one.health && words(one.health.status)],
    ['Up for', one.info && seconds(one.info.service_uptime_seconds)],
    ['Place', place],
    ['Requests', metrics && `${count(metrics.total_requests)}, ${metrics.requests_per_second.toFixed(1)} a second`],
    ['Mean time', metrics && `${metrics.avg_response_time_ms.toFixed(2)} ms`],
    ['Workers busy', metrics && `${metrics.express_workers_busy + metrics.bulk_workers_busy} of ${metrics.express_workers + metrics.bulk_workers}`],
    ['Connections', metrics && `${count(metrics.connections)} of ${count(metrics.connections_max)}`],
    ['Refused', one.shutdown && count(one.shutdown.rejected_requests)],
    ['Catalogue', metrics?.catalog_date],
  ].filter(([, value]) => value);
  return make('article', { class: `card ${silent > 5 ? 'silent' : ''}`, 'aria-label': `${one.group} ${one.name}`, 'data-phase': phase },
    make('h3', {}, chip(one.group), ' ', one.name),
    make('p', { class: 'phase' }, make('b', {}, words(phase)), ' ', make('span', { class: 'muted' }, silent > 5 ? `not heard of for ${seconds(silent)}` : PHASES[phase] ?? '')),
    one.shutdown && make('p', { class: 'flight' }, make('b', { class: 'figure' }, count(one.shutdown.active_requests)), ' in flight'),
    drain(one.shutdown),
    make('dl', {}, rows.map(([title, value]) => make('div', {}, make('dt', {}, title), make('dd', { class: 'figure' }, value)))));
}

function drain(shutdown) {
  if (!shutdown?.shutting_down || shutdown.remaining_seconds === null) return null;
  const whole = shutdown.drain_timeout_seconds;
  const left = shutdown.remaining_seconds;
  const bar = make('span', { class: 'bar', 'aria-hidden': 'true' });
  bar.style.setProperty('--part', whole > 0 ? Math.min(1, left / whole) : 0);
  return make('p', { class: 'drain' }, make('b', { class: 'figure' }, `${left.toFixed(0)} s`), ` left to drain, of ${whole} s`, bar);
}

function trafficTable({ traffic, group, name }) {
  const routes = traffic.endpoints.toSorted((one, other) => other.call_count - one.call_count);
  const most = routes[0]?.call_count ?? 0;
  return make('table', { class: 'results' },
    make('caption', {}, `As told by ${group} ${name}, since ${traffic.overall_stats.uptime_since.slice(0, 16).replace('T', ' ')} UTC`),
    make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, 'Route'), make('th', { scope: 'col', class: 'number' }, 'Requests'),
      make('th', { scope: 'col', class: 'number' }, 'Errors'), make('th', { scope: 'col', class: 'number middle' }, 'Mean, ms'), make('th', { scope: 'col', class: 'number middle' }, 'Longest, ms'))),
    make('tbody', {}, routes.map((route) => {
      const bar = make('span', { class: 'bar', 'aria-hidden': 'true' });
      bar.style.setProperty('--part', route.call_count / most);
      return make('tr', {}, make('th', { scope: 'row' }, make('code', {}, route.endpoint)), make('td', { class: 'number month' }, count(route.call_count), bar),
        make('td', { class: 'number' }, count(route.error_count)), make('td', { class: 'number middle' }, route.avg_response_time_ms.toFixed(2)), make('td', { class: 'number middle' }, route.max_response_time_ms.toFixed(2)));
    })));
}

// The last table stays. Without one it is said why.
function explain(place, problem) {
  if (problem.status === 401) return askForKey(problem.message);
  if (!place.querySelector('table')) place.replaceChildren(make('p', { class: 'hint' }, problem.status ? problem.message : 'No answer yet.'));
}
