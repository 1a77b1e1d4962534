#include "core/crypto/public_key.h"

#include <gtest/gtest.h>

#include "core/crypto/base64.h"

namespace plumbline::crypto {
namespace {

std::string b64(std::string_view text) {
  return base64url_decode(text).value();
}

// RFC 7515, appendix A.2 and A.3.
constexpr const char* kRsaInput =
    "eyJhbGciOiJSUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
constexpr const char* kModulus =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-"
    "SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
    "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2et"
    "hFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
constexpr const char* kRsaSignature =
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJd"
    "bF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN93"
    "83LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhW"
    "kWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
constexpr const char* kEcInput =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
constexpr const char* kX = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
constexpr const char* kY = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
constexpr const char* kEcSignature =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

TEST(PublicKey, VerifiesTheExampleOfRs256AndNothingElse) {
  const std::string n = b64(kModulus), e = b64("AQAB"), s = b64(kRsaSignature);
  EXPECT_TRUE(verify_rs256(n, e, kRsaInput, s));
  EXPECT_FALSE(verify_rs256(n, e, std::string(kRsaInput) + "x", s));
  EXPECT_FALSE(verify_rs256(n, b64("AQAD"), kRsaInput, s));
  EXPECT_FALSE(verify_rs256(n, e, kRsaInput, s.substr(1)));
  EXPECT_FALSE(verify_rs256(n.substr(0, 128), e, kRsaInput, s));
  EXPECT_FALSE(verify_rs256("", "", kRsaInput, ""));
}

TEST(PublicKey, VerifiesTheExampleOfEs256AndNothingElse) {
  const std::string x = b64(kX), y = b64(kY), s = b64(kEcSignature);
  EXPECT_TRUE(verify_es256(x, y, kEcInput, s));
  EXPECT_FALSE(verify_es256(x, y, std::string(kEcInput) + "x", s));
  EXPECT_FALSE(verify_es256(y, x, kEcInput, s));
  EXPECT_FALSE(verify_es256(x, y, kEcInput, std::string(64, '\0')));
  EXPECT_FALSE(verify_es256(x, y, kEcInput, s.substr(1)));
}

}  // namespace
}  // namespace plumbline::crypto
