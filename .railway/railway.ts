// redis-bridge on Railway: two replicas and the Redis that they share. `railway config plan` shows what would change,
// `railway config apply` does it. railway.toml says the same for services that were set up with it (until 2026-12-01).
//
// `build` and `deploy` are given as Railway's own setting names: the short forms of this DSL have no word for the drain
// and the overlap, and Railway's defaults (0 s for both) kill every open stream at each deployment. For the same reason
// do not run `railway config migrate` on the old file: it drops these settings without a word.

import { defineRailway, project, redis, service } from "railway/iac";

export default defineRailway((ctx) => {
  const store = redis("redis");

  const bridge = service("redis-bridge", {
    build: {
      builder: "DOCKERFILE",
      dockerfilePath: "deploy/Dockerfile",
      watchPatterns: ["bridge/**", "include/**", "CMakeLists.txt", "CMakePresets.json", "deploy/Dockerfile"],
    },
    deploy: {
      // Asked only while a deployment starts: a bridge that hears its Redis is ready within a second or two.
      healthcheckPath: "/readyz",
      healthcheckTimeout: 60,
      // From SIGTERM to SIGKILL; must be longer than BRIDGE_DRAIN.
      drainingSeconds: 45,
      overlapSeconds: 10,
      restartPolicyType: "ALWAYS",
    },
    // Which replica a browser reaches is chance, and may change at each reconnect: all that matters is in Redis.
    replicas: ctx.environment === "production" ? 2 : 1,
    env: {
      REDIS_URL: store.env.REDIS_URL,
      BRIDGE_SUBSCRIBE: "public:*",
    },
  });

  return project("redis-bridge", { resources: [store, bridge] });
});
