#include "agent/containers/admission.h"

#include "tests/unit/agent/engine/engine_fixture.h"

namespace netclsd {
namespace {

// What the policy refuses is in refusals_test.cpp.
class AdmissionTest : public EngineFixture {};

TEST_F(AdmissionTest, APauseContainerGetsNoClassWhateverItAsksFor) {
  engine_->set_policy({.classes = {}, .default_class = ClassId::parse("99:1").value(), .allowed = {}});
  RegisterRequest request;
  request.pid = make_init("pause");
  request.annotations = {{kClassIdAnnotation, "10:1"}, {"io.kubernetes.cri.container-type", "sandbox"}};
  const auto answer = engine_->register_container(*ContainerId::parse("pause"), request);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->view);
  EXPECT_EQ(group_of(request.pid), "/");
}

TEST_F(AdmissionTest, WhoAsksForNothingGetsTheDefaultClass) {
  engine_->set_policy({.classes = {}, .default_class = ClassId::parse("99:1").value(), .allowed = {}});
  RegisterRequest request;
  request.pid = make_init("c1");
  const auto answer = engine_->register_container(*ContainerId::parse("c1"), request);
  ASSERT_TRUE(answer && answer->view);
  EXPECT_EQ(answer->view->choice.classid, ClassId::parse("99:1"));
}

}  // namespace
}  // namespace netclsd
