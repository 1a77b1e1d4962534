#include "sinks/postgres/scram.h"

#include <gtest/gtest.h>

#include "core/crypto/base64.h"

namespace plumbline::postgres {
namespace {

// RFC 7677, section 3: user "user", password "pencil". StoredKey and ServerKey are what its salt and count
// give; its ServerSignature is HMAC(ServerKey, AuthMessage).
TEST(ScramTest, GivesTheVerifierOfTheRfcsExample) {
  const std::string salt = *crypto::base64_decode("W22ZaJ0SNY7soEsUEjb6gQ==");
  EXPECT_EQ(scram_verifier(Secret("pencil"), salt, 4096),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
            "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
}

}  // namespace
}  // namespace plumbline::postgres
