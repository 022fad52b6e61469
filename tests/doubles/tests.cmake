# The doubles' own tests; included by tests/CMakeLists.txt.
o3_test(doubles_awx
  SOURCES doubles/awx_flows_test.cpp doubles/awx_gate_test.cpp doubles/awx_jobs_test.cpp doubles/awx_launch_test.cpp doubles/awx_notify_test.cpp
    doubles/faults_test.cpp
  DEPS o3::doubles)
o3_test(doubles_tfe
  SOURCES doubles/tfe_gate_test.cpp doubles/tfe_results_test.cpp doubles/tfe_runs_test.cpp
  DEPS o3::doubles)
