//! Skills and actions, their checks, binding, policy, and deciding the next command of a plan.
