const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Waypoints } = require(join(__dirname, '../../../dist/src/platform/waypoints.js'));

/**
 * Loaded before the server (`node -r`): lets the process end as in a power cut, at the place that the file names which
 * WAYPOINT_TRAP names. The file is read at each waypoint, so that a test arms it when all is prepared.
 */
const trapFile = process.env['WAYPOINT_TRAP'];

let armed;
let passes = 0;

Waypoints.prototype.pass = (place) => {
  const text = readFileSync(trapFile, 'utf8');
  if (text === '') return;
  if (text !== armed) passes = 0;
  armed = text;
  const trap = JSON.parse(text);
  if (trap.place !== place) return;
  passes += 1;
  if (passes >= trap.nth) process.kill(process.pid, 'SIGKILL');
};
