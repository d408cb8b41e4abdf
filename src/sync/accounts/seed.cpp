#include "sync/accounts/seed.hpp"

#include "base/encoding.hpp"
#include "sync/accounts/keys.hpp"
#include "sync/auth/access_token.hpp"
#include "sync/protocol/token.hpp"

namespace homespun::sync::accounts {

SeedPlan plan_seed(base::Random& random, std::int64_t now) {
    constexpr std::size_t id_size = 16, secret_size = 32;
    SeedPlan plan;
    auto& account = plan.account;
    account.uid = base::hex_encode(random.bytes(id_size));
    account.email = account.uid + "@stampede.invalid";
    account.client_salt = client_salt_text(base::hex_encode(random.bytes(id_size)));
    // A hash that no password is known for: to sign in stays as hard as to guess 32 random bytes.
    account.password.salt = random.bytes(password_salt_size);
    account.password.verify_hash = random.bytes(secret_size);
    account.password.wrapwrap_kb = random.bytes(secret_size);
    account.generation = account.keys_changed_at = account.created_at = now;

    plan.session.handle = handle_of(base::hex_encode(random.bytes(secret_size)));
    plan.session.key = random.bytes(secret_size);
    plan.session.user_agent = "stampede";

    auto& seeded = plan.seeded;
    seeded.email = account.email;
    seeded.access_token = base::hex_encode(random.bytes(secret_size));
    seeded.key_id = protocol::KeyId::format(now, base::hex_encode(random.bytes(id_size)));

    plan.token.handle = handle_of(seeded.access_token);
    plan.token.uid = account.uid;
    plan.token.client_id = "stampede";
    plan.token.scope = auth::oldsync_scope;
    plan.token.parent = Holder{Holder::Kind::session, plan.session.handle};
    plan.token.created_at = now;
    plan.token.expires_at = now + seeded_token_lifetime_ms;
    return plan;
}

}  // namespace homespun::sync::accounts
