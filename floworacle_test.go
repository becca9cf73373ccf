package cognito_test

import (
	"slices"
	"strings"

	"github.com/gocognito/cognito/cognitotest"
)

// What follows says from the protocol alone which requests a sign-in consists of; flowtable_test.go
// compares it with what the client sends.

// flowKind is how a sign-in begins, up to the proof of the first factor.
type flowKind struct {
	name   string
	admin  bool
	custom bool // asks a custom challenge, twice, and no MFA
	otp    bool // has no password, and is open only to users without MFA
	steps  []step
}

// step is one request.
type step struct {
	challenge string // or the flow, of a first request
	session   bool   // carries the session of the last reply
	keys      string // of the answer, besides USERNAME, SECRET_HASH and DEVICE_KEY
	proves    bool   // is where the pool looks the device up
	asks      bool   // is answered by the caller
}

const claimKeys = "PASSWORD_CLAIM_SECRET_BLOCK PASSWORD_CLAIM_SIGNATURE TIMESTAMP"

var (
	proofStep        = step{challenge: "PASSWORD_VERIFIER", keys: claimKeys, proves: true}
	proofWithSession = step{challenge: "PASSWORD_VERIFIER", session: true, keys: claimKeys, proves: true}
	customStep       = step{challenge: "CUSTOM_CHALLENGE", session: true, keys: "ANSWER", proves: true, asks: true}
	deviceSteps      = []step{
		{challenge: "DEVICE_SRP_AUTH", session: true, keys: "SRP_A"},
		{challenge: "DEVICE_PASSWORD_VERIFIER", session: true, keys: claimKeys},
	}
)

func first(flow, keys string, proves bool) step {
	return step{challenge: flow, keys: keys, proves: proves}
}

func asked(challenge, keys string, proves bool) step {
	return step{challenge: challenge, session: true, keys: keys, proves: proves, asks: true}
}

var flowKinds = []flowKind{
	{name: "SRP", steps: []step{first("USER_SRP_AUTH", "SRP_A", false), proofStep}},
	{name: "password", steps: []step{first("USER_PASSWORD_AUTH", "PASSWORD", true)}},
	{name: "admin password", admin: true, steps: []step{first("ADMIN_USER_PASSWORD_AUTH", "PASSWORD", true)}},
	{name: "admin no SRP", admin: true, steps: []step{first("ADMIN_NO_SRP_AUTH", "PASSWORD", true)}},
	{name: "admin SRP", admin: true, steps: []step{first("USER_SRP_AUTH", "SRP_A", false), proofStep}},
	{name: "admin choice", admin: true, steps: []step{first("USER_AUTH", "PREFERRED_CHALLENGE SRP_A", false), proofWithSession}},
	{name: "admin custom", admin: true, custom: true, steps: []step{
		first("CUSTOM_AUTH", "CHALLENGE_NAME SRP_A", false), proofWithSession, customStep, customStep,
	}},
	{name: "custom", custom: true, steps: []step{first("CUSTOM_AUTH", "", false), customStep, customStep}},
	{name: "custom SRP", custom: true, steps: []step{
		first("CUSTOM_AUTH", "CHALLENGE_NAME SRP_A", false), proofWithSession, customStep, customStep,
	}},
	{name: "choice SRP", steps: []step{first("USER_AUTH", "PREFERRED_CHALLENGE SRP_A", false), proofWithSession}},
	{name: "choice password", steps: []step{first("USER_AUTH", "PASSWORD PREFERRED_CHALLENGE", true)}},
	{name: "choice asks, SRP", steps: []step{
		first("USER_AUTH", "", false), asked("SELECT_CHALLENGE", "ANSWER SRP_A", false), proofWithSession,
	}},
	{name: "choice asks, password", steps: []step{
		first("USER_AUTH", "", false), asked("SELECT_CHALLENGE", "ANSWER PASSWORD", true),
	}},
	{name: "choice e-mail", otp: true, steps: []step{
		first("USER_AUTH", "PREFERRED_CHALLENGE", false), asked("EMAIL_OTP", "EMAIL_OTP_CODE", true),
	}},
	{name: "choice asks, SMS", otp: true, steps: []step{
		first("USER_AUTH", "", false), asked("SELECT_CHALLENGE", "ANSWER", false), asked("SMS_OTP", "SMS_OTP_CODE", true),
	}},
}

// userKind is what the pool asks a user for after the first factor.
type userKind struct {
	name      string
	mfa       []string
	preferred string
	temporary bool // the password is
	setUp     bool // the pool wants MFA and the user has none
	// withDevices are those whose sign-ins with devices differ.
	withDevices bool
	steps       []step
}

var (
	newPasswordStep = asked("NEW_PASSWORD_REQUIRED", "NEW_PASSWORD", false)
	totpStep        = asked("SOFTWARE_TOKEN_MFA", "SOFTWARE_TOKEN_MFA_CODE", false)
	setUpSteps      = []step{
		{challenge: "AssociateSoftwareToken", session: true}, {challenge: "VerifySoftwareToken", session: true}, asked("MFA_SETUP", "", false),
	}
)

var userKinds = []userKind{
	{name: "no MFA", withDevices: true},
	{name: "SMS", mfa: []string{"SMS_MFA"}, steps: []step{asked("SMS_MFA", "SMS_MFA_CODE", false)}},
	{name: "TOTP", mfa: []string{"SOFTWARE_TOKEN_MFA"}, withDevices: true, steps: []step{totpStep}},
	{name: "e-mail", mfa: []string{"EMAIL_OTP"}, steps: []step{asked("EMAIL_OTP", "EMAIL_OTP_CODE", false)}},
	{
		name: "SMS or TOTP", mfa: []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA"},
		steps: []step{asked("SELECT_MFA_TYPE", "ANSWER", false), totpStep},
	},
	{
		name: "SMS rather than TOTP", mfa: []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA"}, preferred: "SMS_MFA",
		steps: []step{asked("SMS_MFA", "SMS_MFA_CODE", false)},
	},
	{name: "temporary", temporary: true},
	{name: "temporary, TOTP", temporary: true, mfa: []string{"SOFTWARE_TOKEN_MFA"}, withDevices: true, steps: []step{totpStep}},
	{name: "MFA to be set up", setUp: true, withDevices: true, steps: []step{totpStep}},
}

// deviceKind is what a pool does with devices, and what became of the user's.
type deviceKind struct {
	name   string
	config *cognitotest.DeviceConfiguration
	fate   string // of the device, before the second sign-in: "", "forgotten", "refused" or "not remembered"
}

func (d deviceKind) replacesMFA() bool {
	return d.config != nil && d.config.ChallengeRequiredOnNewDevice
}

var deviceKinds = []deviceKind{
	{name: "no devices"},
	{name: "instead of MFA", config: &cognitotest.DeviceConfiguration{ChallengeRequiredOnNewDevice: true}},
	{name: "beside MFA", config: &cognitotest.DeviceConfiguration{}},
	{name: "on prompt", config: &cognitotest.DeviceConfiguration{ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: true}},
	{name: "forgotten", config: &cognitotest.DeviceConfiguration{ChallengeRequiredOnNewDevice: true}, fate: "forgotten"},
	{name: "refused", config: &cognitotest.DeviceConfiguration{ChallengeRequiredOnNewDevice: true}, fate: "refused"},
	{name: "refused after MFA", config: &cognitotest.DeviceConfiguration{}, fate: "refused"},
	{name: "not remembered", config: &cognitotest.DeviceConfiguration{ChallengeRequiredOnNewDevice: true}, fate: "not remembered"},
}

// scenario is one row: a user who signs in once, and where devices are tracked a second time with
// the device.
type scenario struct {
	flow   flowKind
	user   userKind
	device deviceKind
}

func (s scenario) name() string { return s.flow.name + ", " + s.user.name + ", " + s.device.name }

// possible reports whether there is such a sign-in: users with MFA, or whose password is temporary,
// have no codes as their first factor, and custom sign-ins ask what their Lambda functions say.
func (s scenario) possible() bool {
	plain := len(s.user.mfa) == 0 && !s.user.temporary && !s.user.setUp
	return plain || !s.flow.otp && !s.flow.custom
}

// factors are the steps of the first and the second sign-in without a device.
func (s scenario) factors(again bool) []step {
	steps := slices.Clone(s.flow.steps)
	if s.user.temporary && !again {
		steps = append(steps, newPasswordStep)
	}
	if s.user.setUp && !again {
		return append(steps, setUpSteps...)
	}
	return append(steps, s.user.steps...)
}

// line is a request as the table shows it.
func (s scenario) line(st step, device bool) string {
	op := "RespondToAuthChallenge"
	switch {
	case st.challenge == "AssociateSoftwareToken" || st.challenge == "VerifySoftwareToken":
		return st.challenge + " session"
	case strings.HasSuffix(st.challenge, "_AUTH") && !strings.HasPrefix(st.challenge, "DEVICE"):
		op = "InitiateAuth"
	}
	if s.flow.admin {
		op = "Admin" + op
	}
	parts := []string{op, st.challenge}
	if st.session {
		parts = append(parts, "session")
	}
	if device {
		parts = append(parts, "device")
	}
	return strings.Join(append(parts, strings.Fields(st.keys)...), " ")
}

func (s scenario) lines(steps []step, device bool) []string {
	var lines []string
	for _, st := range steps {
		lines = append(lines, s.line(st, device))
	}
	return lines
}

// firstSignIn is what a sign-in without a device sends, with the new device confirmed.
func (s scenario) firstSignIn() []string {
	return append(s.lines(s.factors(false), false), s.confirmation()...)
}

func (s scenario) confirmation() []string {
	switch {
	case s.device.config == nil:
		return nil
	case s.device.config.DeviceOnlyRememberedOnUserPrompt:
		return []string{"ConfirmDevice", "UpdateDeviceStatus"}
	default:
		return []string{"ConfirmDevice"}
	}
}

// secondSignIn is what a sign-in with the device sends.
func (s scenario) secondSignIn() []string {
	steps := s.factors(true)
	switch s.device.fate {
	case "not remembered":
		return s.lines(steps, true)
	case "forgotten": // the step that finds out is sent again
		found := slices.IndexFunc(steps, func(st step) bool { return st.proves })
		lines := s.lines(steps[:found+1], true)
		return append(append(lines, s.lines(steps[found:], false)...), s.confirmation()...)
	}
	with := steps
	if s.device.replacesMFA() {
		with = s.flow.steps
	}
	lines := append(s.lines(with, true), s.lines(deviceSteps, true)...)
	if s.device.fate == "refused" { // and begins again
		lines = append(append(lines, s.lines(steps, false)...), s.confirmation()...)
	}
	return lines
}

// beginsAgainAlone reports whether a refused device does not concern the caller: nothing but the
// password was asked.
func (s scenario) beginsAgainAlone() bool {
	steps := s.factors(true)
	if s.device.replacesMFA() {
		steps = s.flow.steps
	}
	return !slices.ContainsFunc(steps, func(st step) bool { return st.asks })
}
