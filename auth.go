package cognito

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/golang-jwt/jwt/v5"

	"github.com/gocognito/cognito/internal/srp"
)

// Authenticate signs the session's user in with password. By default it proves the password with
// SRP (USER_SRP_AUTH) and never sends it. [Flow](USER_PASSWORD_AUTH) sends it, if the app client
// allows that. The username may be an alias. Authenticate takes the options [Flow],
// [ClientMetadata], [UserContextData], [AnalyticsMetadata] and [AuthParameter].
//
// It returns nil once the user is signed in: the tokens are verified and have replaced the
// session's. It returns a [*ChallengeError] if the pool asks for more. The challenge then becomes
// the session's; see [Cognito.Challenge] and [Cognito.RespondToChallenge]. After any other error
// the session is unchanged. Common errors: [ErrInvalidCredentials], [ErrUserNotConfirmed],
// [ErrPasswordResetRequired], [ErrTooManyAttempts], [ErrUserDisabled], [ErrSecretHash]. Tokens that
// fail verification, or belong to another user than the service named during the sign-in, are a
// [*TokenError]. After [ErrKeysUnavailable] or [ErrUnknownKey] the user did sign in, but the tokens
// could not be verified: call [Cognito.VerifyTokens].
//
// A sign-in is a change of the session. It waits, at most until ctx is done, while another call, in
// this process or another, changes the tokens in the session's [TokenStore]. Once the service has
// returned tokens, Authenticate verifies and saves them even if ctx is done, which takes up to 20
// seconds.
//
// It calls InitiateAuth and, for SRP, RespondToAuthChallenge. At the same time it fetches the
// pool's key set, if that is not known yet. A remembered device ([WithDevice]) proves itself during
// the sign-in.
func (c *Cognito) Authenticate(ctx context.Context, password string, opts ...CallOption) error {
	return wrapError("Authenticate", c.authenticate(ctx, password, nil, opts...))
}

func (c *Cognito) authenticate(
	ctx context.Context, password string, needless func(context.Context) (bool, error), opts ...CallOption,
) error {
	s, err := c.newSignIn("Authenticate", false, opts, optFlow, optAuthParameter)
	if err != nil {
		return err
	}
	s.needless = needless
	return s.beginWithPassword(ctx, password, types.AuthFlowTypeUserSrpAuth, types.AuthFlowTypeUserPasswordAuth)
}

// AdminAuthenticate signs the session's user in from a server that has AWS credentials. By default
// it sends the password (ADMIN_USER_PASSWORD_AUTH). [Flow](USER_SRP_AUTH) proves it with SRP
// instead. CUSTOM_AUTH (after SRP), USER_AUTH (with SRP) and the older ADMIN_NO_SRP_AUTH are
// available, too. It takes the options [Flow], [ClientMetadata], [ContextData],
// [AnalyticsMetadata], [AuthParameter] and, with USER_AUTH, [TargetACR] and [MaxAge].
//
// It returns what [Cognito.Authenticate] returns, and [ErrNoCredentials]. A challenge records, also
// in JSON, that an administrator started the sign-in: answering it needs the AWS credentials again,
// and takes ContextData.
//
// It calls AdminInitiateAuth and AdminRespondToAuthChallenge. Requires AWS credentials.
func (c *Cognito) AdminAuthenticate(ctx context.Context, password string, opts ...CallOption) error {
	const op = "AdminAuthenticate"
	s, err := c.newSignIn(op, true, opts, optFlow, optAuthParameter, optTargetACR, optMaxAge)
	if err != nil {
		return wrapError(op, err)
	}
	return wrapError(op, s.beginWithPassword(ctx, password,
		types.AuthFlowTypeAdminUserPasswordAuth, types.AuthFlowTypeAdminNoSrpAuth,
		types.AuthFlowTypeUserSrpAuth, types.AuthFlowTypeCustomAuth, types.AuthFlowTypeUserAuth))
}

// AuthenticateCustom signs the session's user in with the challenges that the pool's Lambda
// functions define (CUSTOM_AUTH). If password is not "", SRP proves it first; otherwise there are
// only the custom challenges. AuthenticateCustom takes the options [ClientMetadata],
// [UserContextData], [AnalyticsMetadata] and [AuthParameter]. The service passes ClientMetadata to
// the functions with each answer, but not with the first request. AuthenticateCustom returns what
// [Cognito.Authenticate] returns. The challenge is usually CUSTOM_CHALLENGE; answer it with
// [Cognito.RespondToCustomChallenge].
//
// It calls InitiateAuth and, with a password, RespondToAuthChallenge.
func (c *Cognito) AuthenticateCustom(ctx context.Context, password string, opts ...CallOption) error {
	const op = "AuthenticateCustom"
	s, err := c.newSignIn(op, false, opts, optAuthParameter)
	if err != nil {
		return wrapError(op, err)
	}
	if s.username == "" {
		return wrapError(op, errNoUsername)
	}
	return wrapError(op, s.begin(ctx, startOf(types.AuthFlowTypeCustomAuth, password)))
}

// FirstFactor is the first factor that [Cognito.AuthenticateChoice] tries. Printed or logged, it
// shows no password.
type FirstFactor struct {
	// Preferred is the factor to try: PASSWORD, PASSWORD_SRP, EMAIL_OTP, SMS_OTP or WEB_AUTHN. If
	// it is empty, it is PASSWORD_SRP if there is a password; otherwise the pool returns the
	// choices.
	Preferred ChallengeName
	// Password is the password that PASSWORD sends and PASSWORD_SRP proves. It must be empty for
	// the other factors.
	Password string
}

// Format prints the factor without the password, for every verb.
func (f FirstFactor) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, "FirstFactor{"+string(f.Preferred)+"}")
}

// MarshalJSON encodes the factor without the password.
func (f FirstFactor) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]types.ChallengeNameType{"Preferred": f.Preferred})
}

// LogValue logs the factor without the password.
func (f FirstFactor) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(f)) }

// AuthenticateChoice signs the session's user in with a factor of the user's choice (USER_AUTH): a
// password, a code sent by e-mail or SMS, or a passkey. FirstFactor{} asks for the choices: the
// challenge is then SELECT_CHALLENGE, with the factors in [Challenge.Options]. There is one
// exception: after [Cognito.ConfirmSignUp] in the same session (see also [WithRegistration])
// FirstFactor{} signs the user in at once. If the user cannot use the preferred factor, the
// challenge is SELECT_CHALLENGE, too.
//
// AuthenticateChoice takes the options [ClientMetadata], [UserContextData], [AnalyticsMetadata],
// [AuthParameter], [TargetACR] and [MaxAge], and returns what [Cognito.Authenticate] returns. With
// TargetACR, tokens with a lower level or without one are dropped, and the error is
// [ErrInsufficientAuthentication]. [ErrFeatureUnavailable] means that the pool's plan does not
// include levels.
//
// It calls InitiateAuth and, for SRP, RespondToAuthChallenge.
func (c *Cognito) AuthenticateChoice(ctx context.Context, first FirstFactor, opts ...CallOption) error {
	return wrapError("AuthenticateChoice", c.authenticateChoice(ctx, first, opts))
}

func (c *Cognito) authenticateChoice(ctx context.Context, first FirstFactor, opts []CallOption) error {
	s, err := c.newSignIn("AuthenticateChoice", false, opts, optAuthParameter, optTargetACR, optMaxAge)
	if err != nil {
		return err
	}
	if s.username == "" {
		return errNoUsername
	}
	start, err := startOfChoice(first)
	if err != nil {
		return err
	}
	// A sign-up reaches no level.
	start.signedUp = first == (FirstFactor{}) && len(s.call.auth.targets) == 0
	return s.begin(ctx, start)
}

// NewPasswordChallenge signs the session's user in with the temporary password and replaces that
// with newPassword. It combines [Cognito.Authenticate] and [Cognito.RespondToNewPasswordChallenge].
// attrs are the attributes that the pool requires and the user does not have yet; attrs may be nil.
// It takes the options [Flow], [ClientMetadata], [UserContextData], [AnalyticsMetadata] and
// [AuthParameter].
//
// If the password is not temporary, it changes nothing and returns [ErrNoChallenge]. If newPassword
// or attrs are rejected, the challenge stays pending. Common errors: [ErrInvalidPassword] and those
// of Authenticate.
//
// It calls InitiateAuth and RespondToAuthChallenge.
func (c *Cognito) NewPasswordChallenge(
	ctx context.Context, password, newPassword string, attrs Attributes, opts ...CallOption,
) error {
	const op = "NewPasswordChallenge"
	s, err := c.newSignIn(op, false, opts, optFlow, optAuthParameter)
	if err != nil {
		return wrapError(op, err)
	}
	if newPassword == "" {
		return wrapError(op, fieldError("new password", "want a password, got none"))
	}
	s.newPassword = &newPasswordAnswer{newPassword, attrs}
	err = s.beginWithPassword(ctx, password, types.AuthFlowTypeUserSrpAuth, types.AuthFlowTypeUserPasswordAuth)
	return wrapError(op, err)
}

// Keys of the parameters that select the first challenge.
const (
	keyChallengeName      = "CHALLENGE_NAME"
	keyPreferredChallenge = "PREFERRED_CHALLENGE"
)

// authStart holds the arguments of InitiateAuth, so that the sign-in can be restarted without the
// device.
type authStart struct {
	flow     types.AuthFlowType
	username string            // as the caller gave it
	params   map[string]string // without the username and the password or its proof
	password string            // sent, or proven if srp is set; "": none
	srp      bool
	signedUp bool   // the session of the user's sign-up, if there is one, serves as proof
	session  string // that session, which can be used once
	special  bool   // options add parameters, whose effect is not known
}

// startOf starts flow with password, which is "" for a custom sign-in without one.
func startOf(flow types.AuthFlowType, password string) authStart {
	start := authStart{flow: flow, password: password, params: map[string]string{}}
	switch flow {
	case types.AuthFlowTypeUserSrpAuth:
		start.srp = true
	case types.AuthFlowTypeCustomAuth:
		if start.srp = password != ""; start.srp {
			start.params[keyChallengeName] = keySRPA
		}
	case types.AuthFlowTypeUserAuth:
		start.srp = true
		start.params[keyPreferredChallenge] = string(types.ChallengeNameTypePasswordSrp)
	default: // the password is sent
	}
	return start
}

// startOfChoice starts USER_AUTH with first.
func startOfChoice(first FirstFactor) (authStart, error) {
	if first.Preferred == "" && first.Password != "" {
		first.Preferred = types.ChallengeNameTypePasswordSrp
	}
	if err := checkFactor("first factor", first.Preferred, first.Password); err != nil {
		return authStart{}, err
	}
	start := authStart{flow: types.AuthFlowTypeUserAuth, password: first.Password, params: map[string]string{}}
	start.srp = first.Preferred == types.ChallengeNameTypePasswordSrp
	if first.Preferred != "" {
		start.params[keyPreferredChallenge] = string(first.Preferred)
	}
	return start, nil
}

// repeatable reports whether the first request may be retried if its reply was lost. It may not if
// it carries a password or the session of a sign-up, if it makes the service or a Lambda function
// send a message, or if its effect is not known.
func (a authStart) repeatable() bool {
	return a.srp && a.session == "" && a.flow != types.AuthFlowTypeCustomAuth && !a.special
}

// checkFactor rejects a factor with a password that it does not take, or without one that it needs.
// It accepts factors that this package does not know.
func checkFactor(field string, factor types.ChallengeNameType, password string) error {
	switch takes := isPasswordFactor(factor); {
	case takes && password == "":
		return fieldError(field, "want a password with "+string(factor)+", got none")
	case !takes && password != "":
		return fieldError(field, "want no password with "+quote(string(factor)))
	default:
		return nil
	}
}

func isPasswordFactor(factor types.ChallengeNameType) bool {
	return factor == types.ChallengeNameTypePassword || factor == types.ChallengeNameTypePasswordSrp
}

// signIn is one sign-in under way: the state machine of all flows, of users and administrators. Its
// fields change with each reply.
type signIn struct {
	c           *Cognito
	op          string // the method called
	admin       bool   // uses the operations that need AWS credentials
	call        callOptions
	start       *authStart // nil: resumed at a challenge, so it cannot be restarted
	username    string     // the name that the service last used; before that, the caller's
	names       []string   // all names that the service last used for the user; nil: none yet
	earlier     *Challenge // the challenge that was pending at the start; nil: none
	session     string     // from the last reply, for the next request
	passwordSRP *passwordProof
	unproven    bool     // resumed at a challenge that preceded the proof
	targets     []string // levels of authentication, one of which must be reached; nil: any
	stepUp      string   // subject of the user who steps up; "": not a step-up
	newPassword *newPasswordAnswer
	device      *Device     // signs in with the user; nil: none, or forgotten by the pool
	deviceSRP   *srp.Client // proves the device; nil: not yet asked for
	proven      bool        // the device has proven itself, which it does only once
	handled     int         // number of challenges given to the handler

	// needless reports, once it is the sign-in's turn, whether the sign-in is no longer needed.
	// nil: it always is.
	needless func(context.Context) (bool, error)
}

// passwordProof proves a password with SRP, once.
type passwordProof struct {
	client   *srp.Client
	password string
	done     bool // the proof was sent
}

// maxHandled bounds how many challenges of one sign-in go to the handler, so that a service cannot
// keep it busy forever.
const maxHandled = 16

// newSignIn prepares a sign-in of the session's user. extra are the options that it takes in
// addition to signInOptions.
func (c *Cognito) newSignIn(op string, admin bool, opts []CallOption, extra ...string) (*signIn, error) {
	if c.pool == nil || c.session == nil {
		return nil, errNotMade
	}
	call, err := newCallOptions(opts, signInOptions(admin, extra...)...)
	if err != nil {
		return nil, err
	}
	return &signIn{c: c, op: op, admin: admin, username: c.Username(), earlier: c.session.awaited(), call: call}, nil
}

// signInOptions returns the options that every request of a sign-in takes, and extra.
func signInOptions(admin bool, extra ...string) []string {
	if admin {
		return append(extra, optClientMetadata, optContextData, optAnalyticsMetadata)
	}
	return append(extra, optClientMetadata, optUserContextData, optAnalyticsMetadata)
}

// beginWithPassword starts a flow with a password: the first of flows, unless the caller chose
// another of them.
func (s *signIn) beginWithPassword(ctx context.Context, password string, flows ...types.AuthFlowType) error {
	if err := checkLogin(s.username, password); err != nil {
		return err
	}
	flow := flows[0]
	if s.call.flow != "" {
		flow = s.call.flow
	}
	if !slices.Contains(flows, flow) {
		return fieldError("option Flow", fmt.Sprintf("want one of %v, got %s", flows, quote(string(flow))))
	}
	return s.begin(ctx, startOf(flow, password))
}

// begin sends the first request and continues the sign-in until it ends or needs the caller.
func (s *signIn) begin(ctx context.Context, start authStart) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.call.auth.addTo(&start); err != nil {
		return err
	}
	start.username, start.special, s.targets = s.username, s.call.auth.given(), s.call.auth.targets
	s.start = &start
	s.c.session.noteDevice(nil)
	s.c.shared().verifier.keys.Prefetch(ctx)
	return s.run(ctx, func(ctx context.Context) (authReply, error) {
		if start.signedUp {
			s.start.session = s.c.session.takeSignUp(s.username)
		}
		reply, err := s.initiate(ctx)
		if s.start.session != "" && errors.Is(&Error{Err: err}, ErrSessionExpired) {
			s.start.session = "" // the sign-up is too old to serve as proof: ask for the choices
			return s.initiate(ctx)
		}
		return reply, err
	})
}

// run sends request and continues the sign-in to its end, or to a challenge that is left to the
// caller. Requests that follow one another without asking anyone are one change of the session. The
// change starts before its first request, so that tokens never wait for a turn.
func (s *signIn) run(ctx context.Context, request func(context.Context) (authReply, error)) error {
	for first := true; ; first = false {
		var ch *Challenge
		err := s.c.session.change(ctx, func(ctx context.Context) (err error) {
			if first && s.needless != nil {
				if done, err := s.needless(ctx); done || err != nil {
					return err
				}
			}
			if first {
				if s.device, err = s.c.session.usableDevice(ctx); err != nil {
					return err
				}
			}
			ch, err = s.advance(ctx, request)
			return err
		})
		if err != nil || ch == nil {
			return err
		}
		answer, err := s.ask(ctx, *ch)
		if err != nil {
			return err
		}
		request = func(ctx context.Context) (authReply, error) { return s.answer(ctx, *ch, answer) }
	}
}

// initiate sends the first request, with fresh secrets.
func (s *signIn) initiate(ctx context.Context) (authReply, error) {
	start := s.start
	s.username, s.names, s.session = start.username, nil, start.session
	params := s.passwordParams(start.srp, start.password, start.params)
	reply, err := s.retryWithoutDevice(ctx, func() (authReply, error) { return s.initiateAuth(ctx, params) })
	if err == nil {
		start.session = "" // spent
	}
	return reply, err
}

// passwordParams returns params with the password, or with the first value of its SRP proof.
func (s *signIn) passwordParams(useSRP bool, password string, params map[string]string) map[string]string {
	params = maps.Clone(params)
	switch {
	case useSRP:
		s.passwordSRP = &passwordProof{client: srp.NewClient(), password: password}
		params[keySRPA] = s.passwordSRP.client.PublicKey()
	case password != "":
		params[keyPassword] = password
	}
	return params
}

// advance sends request and answers challenges that need neither the caller nor the handler. It
// returns the first other challenge, which becomes the session's, or nil once the user is signed
// in.
func (s *signIn) advance(ctx context.Context, request func(context.Context) (authReply, error)) (*Challenge, error) {
	limited, cancel := withLimit(ctx, requestsTimeout)
	defer cancel()
	reply, err := request(limited)
	for err == nil && reply.result == nil {
		if reply.challenge == "" {
			return nil, errors.New("the service's answer: want tokens or a challenge, got neither")
		}
		s.session = aws.ToString(reply.session)
		s.updateUsername(reply.params)
		answer := s.answerTo(reply)
		if answer == nil {
			return s.surface(ctx, reply), nil
		}
		reply, err = answer(limited)
	}
	if err != nil {
		return nil, err
	}
	return nil, s.finish(context.WithoutCancel(ctx), reply)
}

// updateUsername adopts the name that the service uses for the user in a challenge's parameters, if
// there is one.
func (s *signIn) updateUsername(params map[string]string) {
	if names := namesOf(params); len(names) > 0 {
		s.username, s.names = names[0], names
	}
}

// answerTo returns a function that answers a challenge without asking anyone, or nil if that is not
// possible.
func (s *signIn) answerTo(reply authReply) func(context.Context) (authReply, error) {
	switch {
	case reply.challenge == types.ChallengeNameTypePasswordVerifier && s.passwordSRP != nil && !s.passwordSRP.done:
		return func(ctx context.Context) (authReply, error) { return s.answerPasswordVerifier(ctx, reply) }
	case reply.challenge == types.ChallengeNameTypeDeviceSrpAuth && s.device == nil && s.start == nil &&
		s.c.session.current().deviceErr == nil:
		return func(context.Context) (authReply, error) { return authReply{}, errDeviceWanted }
	case reply.challenge == types.ChallengeNameTypeDeviceSrpAuth && s.device != nil && s.deviceSRP == nil:
		return s.answerDeviceSRPAuth
	case reply.challenge == types.ChallengeNameTypeDevicePasswordVerifier && s.device != nil &&
		s.deviceSRP != nil && !s.proven:
		return func(ctx context.Context) (authReply, error) { return s.answerDevicePasswordVerifier(ctx, reply) }
	default:
		return nil
	}
}

// errDeviceWanted is the error of a sign-in that was started with a device and resumed without it.
var errDeviceWanted = fieldError("option WithDevice",
	"the sign-in was started with a device and needs it to continue (DEVICE_SRP_AUTH): want that device, got none")

// answerPasswordVerifier answers PASSWORD_VERIFIER.
func (s *signIn) answerPasswordVerifier(ctx context.Context, reply authReply) (authReply, error) {
	userID := reply.params[keyUserIDForSRP]
	if userID == "" {
		return authReply{}, fieldError(keyUserIDForSRP, "want the user's ID, got none")
	}
	id := srp.Identity{Namespace: s.c.shared().name, Name: userID}
	answers, err := proofResponses(s.passwordSRP.client, id, s.passwordSRP.password, reply.params, s.c.shared().now())
	if err != nil {
		return authReply{}, err
	}
	s.passwordSRP.done = true // a service that asks again gets no second proof
	return s.answerWithRetry(ctx, types.ChallengeNameTypePasswordVerifier, answers)
}

// surface makes a challenge that the caller or the handler has to answer the session's.
func (s *signIn) surface(ctx context.Context, reply authReply) *Challenge {
	if reply.challenge == types.ChallengeNameTypeSelectChallenge &&
		(s.start == nil || s.start.flow == types.AuthFlowTypeUserAuth) {
		s.passwordSRP = nil // the user has no password, or may choose
	}
	ch := Challenge{
		Name: reply.challenge, Session: s.session, Username: s.username, Parameters: maps.Clone(reply.params),
		Available: slices.Clone(reply.available), Admin: s.admin,
		TargetACR: slices.Clone(s.targets), StepUp: s.stepUp, Unproven: s.proofPending(),
	}
	kept := ch.clone()
	s.c.session.await(&kept)
	s.c.shared().log.DebugContext(ctx, "cognito: challenged", slog.Any("challenge", ch))
	return &ch
}

// ask returns the answer to ch: the new password that the caller gave beforehand, or the handler's.
// If there is neither, it leaves ch to the caller and returns it as an error.
func (s *signIn) ask(ctx context.Context, ch Challenge) (Answer, error) {
	if s.newPassword != nil && ch.Name == types.ChallengeNameTypeNewPasswordRequired {
		answer, err := s.newPassword.answer(ch)
		if err == nil {
			s.newPassword = nil
		}
		return answer, err
	}
	handler := s.c.session.handler
	if handler == nil || s.handled == maxHandled {
		return nil, &ChallengeError{Challenge: ch}
	}
	s.handled++
	answer, err := handler(withClock(ctx, s.c.shared().now), ch.clone())
	if err == nil && answer == nil {
		err = &ChallengeError{Challenge: ch}
	}
	return answer, err
}

// answer sends the answer to ch. ch is no longer pending once it was answered, or if its session
// turns out to be used or expired.
func (s *signIn) answer(ctx context.Context, ch Challenge, answer Answer) (authReply, error) {
	if s.c.session.awaited() == nil {
		return authReply{}, ErrNoChallenge // a concurrent call has answered it
	}
	s.updateUsername(ch.Parameters)
	s.username, s.session, s.targets, s.stepUp = ch.Username, ch.Session, ch.TargetACR, ch.StepUp
	reply, err := s.answerWithRetry(ctx, ch.Name, answer.withPlainCode(ch.Name))
	if err == nil {
		s.c.session.dropChallenge(ch)
		s.c.pool.forgetPending(ch)
		return reply, nil
	}
	if ch.endsWith(err) {
		s.c.pool.forgetPending(ch)
	}
	return authReply{}, s.c.session.rejectedAnswer(ch, err)
}

// finish makes the tokens of a finished sign-in the session's.
func (s *signIn) finish(ctx context.Context, reply authReply) error {
	if s.newPassword != nil {
		return fmt.Errorf("%w: the password is not temporary, and the pool wants no new one", ErrNoChallenge)
	}
	if s.proofPending() {
		return &TokenError{Use: AccessToken, Reason: errNoProof}
	}
	tokens, err := s.c.newTokens(reply.result)
	if err != nil {
		return err
	}
	st := s.c.session.current()
	if tokens.Username = st.username; tokens.Username == "" {
		tokens.Username = s.username
	}
	ts := readTokens(tokens)
	if err := s.checkUser(ts); err != nil {
		return err
	}
	if err := s.checkLevel(ts); err != nil {
		return err
	}
	if err := s.signedIn(ctx, ts, reply.result.NewDeviceMetadata); err != nil {
		return err
	}
	s.c.shared().log.DebugContext(ctx, "cognito: signed in", slog.String("username", s.username))
	return nil
}

// proofPending reports whether the password is to be proven with SRP and the service has not asked
// for the proof yet. A user who steps up may have proven it in an earlier sign-in, which the
// service knows from the access token.
func (s *signIn) proofPending() bool {
	return s.stepUp == "" && (s.unproven || s.passwordSRP != nil && !s.passwordSRP.done)
}

// errNoProof is the error for tokens that arrive before the password was proven. Amazon Cognito
// never sends such tokens; a server that does may not know the user's password verifier.
var errNoProof = fmt.Errorf("%w: it arrived before the password was proven with SRP", jwt.ErrTokenInvalidClaims)

// signedIn verifies the tokens of a sign-in and makes them the session's. It runs within a change.
func (s *signIn) signedIn(ctx context.Context, ts *tokenSet, device *types.NewDeviceMetadataType) error {
	session := s.c.session
	verified, err := s.c.verifyNew(ctx, ts)
	switch {
	case err == nil:
		session.commit(ctx, verified)
	case keyMissing(err):
		session.waitSignedIn(ctx, ts)
	default:
		return err
	}
	session.update(func(st *state) {
		if st.challenge == s.earlier {
			st.challenge = nil
		}
		st.metadata = s.call.metadata
		st.offerDevice(device)
	})
	if err == nil {
		s.c.trackDevice(ctx, s.op, verified)
	}
	return err
}

// checkUser rejects the tokens of a user whom neither the caller nor the service has named in this
// sign-in. It verifies nothing; that comes next. Servers that emulate Amazon Cognito may use the
// subject of the tokens as the name, or repeat the address that the user signs in with.
func (s *signIn) checkUser(ts *tokenSet) error {
	if s.stepUp != "" && ts.subject != s.stepUp {
		return &TokenError{Use: AccessToken, Reason: errOtherStepUp}
	}
	if ts.username == "" && ts.subject == "" || s.names == nil {
		return nil
	}
	if slices.ContainsFunc(s.names, func(name string) bool {
		_, isAddress := ts.addresses[name]
		return isAddress || name == ts.username || name == ts.subject
	}) {
		return nil
	}
	return &TokenError{Use: AccessToken, Reason: errOtherUser}
}

// The errors for tokens of another user than the one who signs in or steps up.
var (
	errOtherUser   = fmt.Errorf("%w: it does not belong to the user who signs in", jwt.ErrTokenInvalidSubject)
	errOtherStepUp = fmt.Errorf("%w: it does not belong to the user who steps up", jwt.ErrTokenInvalidSubject)
)

// authReply holds the fields that the responses of the four sign-in operations share.
type authReply struct {
	challenge types.ChallengeNameType
	session   *string
	params    map[string]string
	result    *types.AuthenticationResultType
	available []types.ChallengeNameType
}

// clientParams returns the parameters that every request of the sign-in carries.
func (s *signIn) clientParams() clientParams {
	p := clientParams{clientID: s.c.shared().clientID, clientSecret: &s.c.shared().clientSecret}
	if s.device != nil {
		p.deviceKey = s.device.Key
	}
	return p
}

// initiateAuth sends the first request.
func (s *signIn) initiateAuth(ctx context.Context, params map[string]string) (authReply, error) {
	var once []func(*cognitoidentityprovider.Options)
	if !s.start.repeatable() {
		once = append(once, sendOnce)
	}
	clientID := aws.String(s.c.shared().clientID)
	params = s.clientParams().addTo(maps.Clone(params), s.username)
	if s.admin {
		out, err := s.c.shared().sdk.AdminInitiateAuth(ctx, &cognitoidentityprovider.AdminInitiateAuthInput{
			UserPoolId: aws.String(s.c.shared().id), ClientId: clientID, AuthFlow: s.start.flow, AuthParameters: params,
			Session: optional(s.session), ClientMetadata: s.call.metadata,
			ContextData: s.call.context, AnalyticsMetadata: s.call.analytics,
		}, once...)
		if err != nil {
			return authReply{}, err
		}
		return authReply{
			out.ChallengeName, out.Session, out.ChallengeParameters, out.AuthenticationResult, out.AvailableChallenges,
		}, nil
	}
	out, err := s.c.shared().sdk.InitiateAuth(ctx, &cognitoidentityprovider.InitiateAuthInput{
		ClientId: clientID, AuthFlow: s.start.flow, AuthParameters: params,
		Session: optional(s.session), ClientMetadata: s.call.metadata,
		UserContextData: s.call.userContext, AnalyticsMetadata: s.call.analytics,
	}, once...)
	if err != nil {
		return authReply{}, err
	}
	return authReply{
		out.ChallengeName, out.Session, out.ChallengeParameters, out.AuthenticationResult, out.AvailableChallenges,
	}, nil
}

// answerWithRetry answers the challenge name, and answers it again without the device if the pool
// has forgotten the device.
func (s *signIn) answerWithRetry(
	ctx context.Context, name types.ChallengeNameType, answers map[string]string,
) (authReply, error) {
	return s.retryWithoutDevice(ctx, func() (authReply, error) { return s.respondToAuthChallenge(ctx, name, answers) })
}

// respondToAuthChallenge answers the challenge name. All answers pass through it: it adds the
// username, the secret hash of that username, the device key and the last session.
func (s *signIn) respondToAuthChallenge(
	ctx context.Context, name types.ChallengeNameType, answers map[string]string,
) (authReply, error) {
	responses := maps.Clone(answers)
	if responses == nil {
		responses = map[string]string{}
	}
	responses = s.clientParams().addTo(responses, s.username)
	clientID := aws.String(s.c.shared().clientID)
	if s.admin {
		input := &cognitoidentityprovider.AdminRespondToAuthChallengeInput{
			UserPoolId: aws.String(s.c.shared().id), ClientId: clientID,
			ChallengeName: name, Session: optional(s.session), ChallengeResponses: responses,
			ClientMetadata: s.call.metadata, ContextData: s.call.context, AnalyticsMetadata: s.call.analytics,
		}
		out, err := s.c.shared().sdk.AdminRespondToAuthChallenge(ctx, input, sendOnce)
		if err != nil {
			return authReply{}, err
		}
		return authReply{out.ChallengeName, out.Session, out.ChallengeParameters, out.AuthenticationResult, nil}, nil
	}
	out, err := s.c.shared().sdk.RespondToAuthChallenge(ctx, &cognitoidentityprovider.RespondToAuthChallengeInput{
		ClientId: clientID, ChallengeName: name, Session: optional(s.session), ChallengeResponses: responses,
		ClientMetadata: s.call.metadata, UserContextData: s.call.userContext, AnalyticsMetadata: s.call.analytics,
	}, sendOnce)
	if err != nil {
		return authReply{}, err
	}
	return authReply{out.ChallengeName, out.Session, out.ChallengeParameters, out.AuthenticationResult, nil}, nil
}
