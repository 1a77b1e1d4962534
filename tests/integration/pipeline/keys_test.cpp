// Keys and tenants as operators change them: rotation overlaps, a revoked key and a suspended tenant are
// refused within seconds.
#include <gtest/gtest.h>

#include "tests/support/stack/stack.h"

namespace plumbline::tests {
namespace {

TEST(Keys, RotationOverlapsAndRevocationReachesTheEdge) {
  Stack stack(Backend::kEmbedded);
  stack.start_roles();
  Tenant tenant = stack.create_tenant("acme");
  ASSERT_TRUE(test::wait_for([&] { return accepts(stack, tenant); })) << stack.logs();

  const std::string rotated = stack.plumbline("key rotate " + tenant.signer.key_id);
  Tenant renewed = tenant;
  renewed.signer = signer_of(rotated);
  ASSERT_NE(renewed.signer.key_id, tenant.signer.key_id);
  EXPECT_TRUE(test::wait_for([&] { return accepts(stack, renewed); })) << stack.logs();
  EXPECT_TRUE(accepts(stack, tenant)) << "the old key overlaps";

  stack.plumbline("key revoke " + tenant.signer.key_id);
  EXPECT_TRUE(test::wait_for([&] { return !accepts(stack, tenant); }, std::chrono::seconds(15)));
  EXPECT_TRUE(accepts(stack, renewed));

  stack.plumbline("tenant suspend acme");
  EXPECT_TRUE(test::wait_for([&] { return !accepts(stack, renewed); }, std::chrono::seconds(15)));
  stack.plumbline("tenant resume acme");
  EXPECT_TRUE(test::wait_for([&] { return accepts(stack, renewed); }, std::chrono::seconds(15)));
}

}  // namespace
}  // namespace plumbline::tests
