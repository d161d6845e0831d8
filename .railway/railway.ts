// redis-bridge on Railway: two replicas and the Redis that they share. `railway config plan` shows what would change,
// `railway config apply` applies it. railway.toml has the same settings for services that were set up with it (until
// 2026-12-01).
//
// `build` and `deploy` use Railway's own setting names, because the short forms of this DSL can't express draining and
// overlap, and Railway's defaults (0 s for both) kill every open stream at each deployment. Do not run `railway config
// migrate` on railway.toml: it silently drops these settings.

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
      // Requested only while a deployment starts. A bridge that reaches Redis is ready within a second or two.
      healthcheckPath: "/readyz",
      healthcheckTimeout: 60,
      // The time from SIGTERM to SIGKILL; must be longer than BRIDGE_DRAIN.
      drainingSeconds: 45,
      overlapSeconds: 10,
      restartPolicyType: "ALWAYS",
    },
    // A browser may reach a different replica each time it reconnects. That is fine: all shared state is in Redis.
    replicas: ctx.environment === "production" ? 2 : 1,
    env: {
      REDIS_URL: store.env.REDIS_URL,
      BRIDGE_SUBSCRIBE: "public:*",
    },
  });

  return project("redis-bridge", { resources: [store, bridge] });
});
