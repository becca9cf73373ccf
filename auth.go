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

// Authenticate signs the session's user in with password. By default the password is proven by SRP
// (USER_SRP_AUTH) and never sent; [Flow](USER_PASSWORD_AUTH) sends it, where the app client allows that. The
// user may be named by an alias. It takes the options [Flow], [ClientMetadata], [UserContextData],
// [AnalyticsMetadata] and [AuthParameter].
//
// It returns nil when the user is signed in: the tokens are verified and have replaced the session's. It
// returns a [*ChallengeError] when the pool asks for more; the challenge is then the session's (see
// [Cognito.Challenge] and [Cognito.RespondToChallenge]). After any other error the session is as it was;
// [ErrInvalidCredentials], [ErrUserNotConfirmed], [ErrPasswordResetRequired], [ErrTooManyAttempts],
// [ErrUserDisabled] and [ErrSecretHash] are common. Tokens that cannot be verified, or are of another user than the
// service named on the way, are a [*TokenError]. With [ErrKeysUnavailable] and [ErrUnknownKey] the user did sign in, but
// the tokens could not be verified: call [Cognito.VerifyTokens]. Requests are sent while no other call, of this process or
// another, changes the tokens of the session's [TokenStore]; ctx ends the wait for that. Once the service has answered
// with tokens, Authenticate verifies and saves them, also when ctx is done: for up to 20 seconds.
//
// It calls InitiateAuth and, for SRP, RespondToAuthChallenge, which need no AWS credentials; the pool's key set,
// if it is not known yet, is fetched beside them. A remembered device ([WithDevice]) proves itself on the way.
func (c *Cognito) Authenticate(ctx context.Context, password string, opts ...CallOption) error {
	return wrapError("Authenticate", c.authenticate(ctx, password, nil, opts...))
}

func (c *Cognito) authenticate(ctx context.Context, password string, needless func(context.Context) (bool, error), opts ...CallOption) error {
	s, err := c.newSignIn("Authenticate", false, opts, optFlow, optAuthParameter)
	if err != nil {
		return err
	}
	s.needless = needless
	return s.byPassword(ctx, password, types.AuthFlowTypeUserSrpAuth, types.AuthFlowTypeUserPasswordAuth)
}

// AdminAuthenticate is [Cognito.Authenticate] for a server that is trusted with AWS credentials: the flow is
// ADMIN_USER_PASSWORD_AUTH, in which the password is sent. [Flow](USER_SRP_AUTH) proves it by SRP instead;
// CUSTOM_AUTH (after SRP), USER_AUTH (with SRP) and the older ADMIN_NO_SRP_AUTH can be chosen, too. It takes the
// options [Flow], [ClientMetadata], [ContextData], [AnalyticsMetadata], [AuthParameter] and, with USER_AUTH, [TargetACR] and [MaxAge]. It returns
// what Authenticate returns, and
// [ErrNoCredentials]. A challenge remembers, also as JSON, that it is an administrator's: its answer needs the
// AWS credentials again, and takes ContextData.
//
// It calls AdminInitiateAuth and AdminRespondToAuthChallenge, which need AWS credentials.
func (c *Cognito) AdminAuthenticate(ctx context.Context, password string, opts ...CallOption) error {
	const op = "AdminAuthenticate"
	s, err := c.newSignIn(op, true, opts, optFlow, optAuthParameter, optTargetACR, optMaxAge)
	if err != nil {
		return wrapError(op, err)
	}
	return wrapError(op, s.byPassword(ctx, password, types.AuthFlowTypeAdminUserPasswordAuth, types.AuthFlowTypeAdminNoSrpAuth,
		types.AuthFlowTypeUserSrpAuth, types.AuthFlowTypeCustomAuth, types.AuthFlowTypeUserAuth))
}

// AuthenticateCustom signs the session's user in by the challenges that the pool's Lambda functions define
// (CUSTOM_AUTH). With a password, SRP proves it first; with "" the custom challenges are all there is. It takes the
// options [ClientMetadata], which the service passes on to the functions with each answer but not with this first
// request, [UserContextData], [AnalyticsMetadata] and [AuthParameter]. It returns what [Cognito.Authenticate] returns; the challenge is usually
// CUSTOM_CHALLENGE, answered by [Cognito.RespondToCustomChallenge].
//
// It calls InitiateAuth and, with a password, RespondToAuthChallenge, which need no AWS credentials.
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

// FirstFactor is what [Cognito.AuthenticateChoice] begins with. Printed or logged it shows no password.
type FirstFactor struct {
	// Preferred is the factor to try at once: PASSWORD, PASSWORD_SRP, EMAIL_OTP, SMS_OTP or WEB_AUTHN. If empty, it
	// is PASSWORD_SRP with a password, and without one the pool is asked what there is.
	Preferred ChallengeName
	// Password is what PASSWORD sends and PASSWORD_SRP proves; the other factors have none.
	Password string
}

// Format prints the factor without the password, whatever the verb.
func (f FirstFactor) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, "FirstFactor{"+string(f.Preferred)+"}")
}

// MarshalJSON encodes the factor without the password.
func (f FirstFactor) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]types.ChallengeNameType{"Preferred": f.Preferred})
}

// LogValue logs the factor without the password.
func (f FirstFactor) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(f)) }

// AuthenticateChoice signs the session's user in by a factor of choice (USER_AUTH): a password, a code by e-mail or
// SMS, or a passkey. FirstFactor{} asks what there is: the challenge is then SELECT_CHALLENGE, with the factors in
// [Challenge.Options], unless the user has just signed up: after [Cognito.ConfirmSignUp] in the same session (see
// also [WithRegistration]) the user is signed in at once. A factor that the user cannot use brings SELECT_CHALLENGE, too.
// It takes the options [ClientMetadata], [UserContextData], [AnalyticsMetadata], [AuthParameter], [TargetACR] and [MaxAge], and returns what
// [Cognito.Authenticate] returns. With TargetACR, tokens of a lower level, or that do not say, are dropped and
// [ErrInsufficientAuthentication] is returned; [ErrFeatureUnavailable] says that the pool's plan lacks levels.
//
// It calls InitiateAuth and, for SRP, RespondToAuthChallenge, which need no AWS credentials.
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
	start.signedUp = first == (FirstFactor{}) && len(s.call.auth.targets) == 0 // a sign-up reaches no level
	return s.begin(ctx, start)
}

// NewPasswordChallenge signs the session's user in with password, which is temporary, and replaces it by newPassword:
// [Cognito.Authenticate] and [Cognito.RespondToNewPasswordChallenge] in one. attrs are the attributes that the pool
// requires and the user has not got yet; they may be nil. It takes the options [Flow], [ClientMetadata],
// [UserContextData], [AnalyticsMetadata] and [AuthParameter]. When the password turns out not to be temporary, it changes nothing and returns
// [ErrNoChallenge]; when newPassword or attrs are refused, the challenge stays pending.
//
// It calls InitiateAuth and RespondToAuthChallenge, which need no AWS credentials.
func (c *Cognito) NewPasswordChallenge(ctx context.Context, password, newPassword string, attrs Attributes, opts ...CallOption) error {
	const op = "NewPasswordChallenge"
	s, err := c.newSignIn(op, false, opts, optFlow, optAuthParameter)
	if err != nil {
		return wrapError(op, err)
	}
	if newPassword == "" {
		return wrapError(op, fieldError("new password", "want a password, got none"))
	}
	s.newPassword = &newPasswordAnswer{newPassword, attrs}
	return wrapError(op, s.byPassword(ctx, password, types.AuthFlowTypeUserSrpAuth, types.AuthFlowTypeUserPasswordAuth))
}

// The keys that say how a sign-in begins.
const (
	keyChallengeName      = "CHALLENGE_NAME"
	keyPreferredChallenge = "PREFERRED_CHALLENGE"
)

// authStart holds what InitiateAuth is called with, so that the sign-in can be restarted without the device.
type authStart struct {
	flow     types.AuthFlowType
	username string            // as the caller gave it
	params   map[string]string // beside the username and the proof
	password string            // sent, or with srp proven; "": there is none
	srp      bool
	signedUp bool   // the session of the user's sign-up, if there is one, is the proof
	session  string // that session, good once
	special  bool   // options add parameters, with which the service may do anything
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

// repeatable reports whether the first request may be sent again when its reply was lost. One that carries a password or
// the session of a sign-up, or makes the service or a Lambda function send a message, must not; nor one of which it is not
// known what it makes the service do.
func (a authStart) repeatable() bool {
	return a.srp && a.session == "" && a.flow != types.AuthFlowTypeCustomAuth && !a.special
}

// checkFactor rejects a factor with a password that it does not take, or without one that it does. Factors that this
// package does not know pass.
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

// signIn is one sign-in under way: the state machine of all flows, a user's and an administrator's. Its fields change
// with each reply.
type signIn struct {
	c           *Cognito
	op          string // the method that the caller called
	admin       bool   // by the operations that need AWS credentials
	call        callOptions
	start       *authStart // nil when it was taken up at a challenge, and so cannot be restarted
	username    string     // as the service last called the user; before, as the caller did
	names       []string   // all names that the service last called the user by; nil before it did
	earlier     *Challenge // that was pending when it began; nil when none was
	session     string     // from the last reply, for the next request
	passwordSRP *passwordProof
	unproven    bool     // it was taken up at a challenge that came before the proof
	targets     []string // the levels of authentication of which it must reach one; nil when none is asked for
	stepUp      string   // the subject of the user who steps up; "" in other sign-ins
	newPassword *newPasswordAnswer
	device      *Device     // that the user signs in with; nil when there is none, or the pool forgot it
	deviceSRP   *srp.Client // proves the device; nil before DEVICE_SRP_AUTH
	proven      bool        // the device has proven itself: it does so once
	handled     int         // challenges that the handler answered

	// needless reports, once it is the sign-in's turn, whether it need not begin any more; nil: it always must.
	needless func(context.Context) (bool, error)
}

// passwordProof proves a password by SRP once.
type passwordProof struct {
	client   *srp.Client
	password string
	done     bool // the service has asked for it, and it was given
}

// maxHandled bounds how many challenges of one sign-in the handler is asked to answer, so that a service cannot
// keep it busy for ever.
const maxHandled = 16

// newSignIn prepares a sign-in of the session's user; extra are the options that it takes beside those of every one.
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

// signInOptions are the options that every request of a sign-in takes, and extra.
func signInOptions(admin bool, extra ...string) []string {
	if admin {
		return append(extra, optClientMetadata, optContextData, optAnalyticsMetadata)
	}
	return append(extra, optClientMetadata, optUserContextData, optAnalyticsMetadata)
}

// byPassword begins a flow with a password: the first of flows, unless the caller chose another of them.
func (s *signIn) byPassword(ctx context.Context, password string, flows ...types.AuthFlowType) error {
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

// begin sends the first request and takes the sign-in as far as it goes without the caller.
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
			s.start.session = "" // too late to be signed in by the sign-up alone: ask what there is
			return s.initiate(ctx)
		}
		return reply, err
	})
}

// run sends request and takes the sign-in from there to its end, or to a challenge that is left to the caller. What is
// sent without asking anybody is one change of the session, begun before the request: tokens never wait for a turn.
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

// passwordParams returns params with the password, or with what begins to prove it by SRP.
func (s *signIn) passwordParams(bySRP bool, password string, params map[string]string) map[string]string {
	params = maps.Clone(params)
	switch {
	case bySRP:
		s.passwordSRP = &passwordProof{client: srp.NewClient(), password: password}
		params[keySRPA] = s.passwordSRP.client.PublicKey()
	case password != "":
		params[keyPassword] = password
	}
	return params
}

// advance sends request and answers the challenges that need nobody else. It returns the first one that does, which is
// the session's then; nil when the user is signed in.
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

// updateUsername takes over what the service calls the user in a challenge's parameters, if it does.
func (s *signIn) updateUsername(params map[string]string) {
	if names := namesOf(params); len(names) > 0 {
		s.username, s.names = names[0], names
	}
}

// answerTo returns what answers a challenge without asking anybody; nil when that cannot be done.
func (s *signIn) answerTo(reply authReply) func(context.Context) (authReply, error) {
	switch {
	case reply.challenge == types.ChallengeNameTypePasswordVerifier && s.passwordSRP != nil && !s.passwordSRP.done:
		return func(ctx context.Context) (authReply, error) { return s.answerPasswordVerifier(ctx, reply) }
	case reply.challenge == types.ChallengeNameTypeDeviceSrpAuth && s.device == nil && s.start == nil && s.c.session.current().deviceErr == nil:
		return func(context.Context) (authReply, error) { return authReply{}, errDeviceWanted }
	case reply.challenge == types.ChallengeNameTypeDeviceSrpAuth && s.device != nil && s.deviceSRP == nil:
		return s.answerDeviceSRPAuth
	case reply.challenge == types.ChallengeNameTypeDevicePasswordVerifier && s.device != nil && s.deviceSRP != nil && !s.proven:
		return func(ctx context.Context) (authReply, error) { return s.answerDevicePasswordVerifier(ctx, reply) }
	default:
		return nil
	}
}

// errDeviceWanted answers for a sign-in that was begun with a device and is taken up without.
var errDeviceWanted = fieldError("option WithDevice",
	"the sign-in was begun with a device and goes on only with it (DEVICE_SRP_AUTH): want that device, got none")

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
	s.passwordSRP.done = true // one proof an attempt: a service that asks again gets no second one
	return s.answerWithRetry(ctx, types.ChallengeNameTypePasswordVerifier, answers)
}

// surface makes a challenge that somebody else has to answer the session's.
func (s *signIn) surface(ctx context.Context, reply authReply) *Challenge {
	if reply.challenge == types.ChallengeNameTypeSelectChallenge && (s.start == nil || s.start.flow == types.AuthFlowTypeUserAuth) {
		s.passwordSRP = nil // the user has no password, or may choose
	}
	ch := Challenge{
		Name: reply.challenge, Session: s.session, Username: s.username, Parameters: maps.Clone(reply.params),
		Available: slices.Clone(reply.available), Admin: s.admin, TargetACR: slices.Clone(s.targets), StepUp: s.stepUp, Unproven: s.proofPending(),
	}
	kept := ch.clone()
	s.c.session.await(&kept)
	s.c.shared().log.DebugContext(ctx, "cognito: challenged", slog.Any("challenge", ch))
	return &ch
}

// ask has ch answered: by the new password that the caller gave beforehand, or by the handler. It leaves ch to the
// caller where neither does.
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

// answer answers ch. A challenge that was answered, or whose session turns out to be spent or expired, is no longer
// pending.
func (s *signIn) answer(ctx context.Context, ch Challenge, answer Answer) (authReply, error) {
	if s.c.session.awaited() == nil {
		return authReply{}, ErrNoChallenge // another answer was faster
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
	return authReply{}, s.c.session.refusedAnswer(ch, err)
}

// finish makes the tokens of a finished sign-in the session's.
func (s *signIn) finish(ctx context.Context, reply authReply) error {
	if s.newPassword != nil {
		return fmt.Errorf("%w: the password is not temporary, and no new one is asked for", ErrNoChallenge)
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

// proofPending reports whether the password is to be proven by SRP and the service has not asked for the proof. A user who
// steps up may have proven it before, as the access token tells the service.
func (s *signIn) proofPending() bool {
	return s.stepUp == "" && (s.unproven || s.passwordSRP != nil && !s.passwordSRP.done)
}

// errNoProof answers for tokens that come before the password was proven. The pool sends none; whoever does may not know
// the user's verifier.
var errNoProof = fmt.Errorf("%w: it came before the password was proven by SRP", jwt.ErrTokenInvalidClaims)

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

// checkUser rejects the tokens of a user whom neither the caller nor the service has named in this very sign-in.
// Nothing is verified here; that comes next. Services that are not Amazon's may call the user by the subject of the
// tokens, or repeat the address that the user signs in with.
func (s *signIn) checkUser(ts *tokenSet) error {
	if s.stepUp != "" && ts.subject != s.stepUp {
		return &TokenError{Use: AccessToken, Reason: fmt.Errorf("%w: it is not of the user who steps up", jwt.ErrTokenInvalidSubject)}
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
	return &TokenError{Use: AccessToken, Reason: fmt.Errorf("%w: it is not of the user who signs in", jwt.ErrTokenInvalidSubject)}
}

// authReply is what the four operations of a sign-in answer alike.
type authReply struct {
	challenge types.ChallengeNameType
	session   *string
	params    map[string]string
	result    *types.AuthenticationResultType
	available []types.ChallengeNameType
}

// clientParams are the parameters that every request of the sign-in carries.
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
			Session: optional(s.session), ClientMetadata: s.call.metadata, ContextData: s.call.context, AnalyticsMetadata: s.call.analytics,
		}, once...)
		if err != nil {
			return authReply{}, err
		}
		return authReply{out.ChallengeName, out.Session, out.ChallengeParameters, out.AuthenticationResult, out.AvailableChallenges}, nil
	}
	out, err := s.c.shared().sdk.InitiateAuth(ctx, &cognitoidentityprovider.InitiateAuthInput{
		ClientId: clientID, AuthFlow: s.start.flow, AuthParameters: params,
		Session: optional(s.session), ClientMetadata: s.call.metadata, UserContextData: s.call.userContext, AnalyticsMetadata: s.call.analytics,
	}, once...)
	if err != nil {
		return authReply{}, err
	}
	return authReply{out.ChallengeName, out.Session, out.ChallengeParameters, out.AuthenticationResult, out.AvailableChallenges}, nil
}

// answerWithRetry answers the challenge name, and again without the device when the pool has forgotten that.
func (s *signIn) answerWithRetry(ctx context.Context, name types.ChallengeNameType, answers map[string]string) (authReply, error) {
	return s.retryWithoutDevice(ctx, func() (authReply, error) { return s.respondToAuthChallenge(ctx, name, answers) })
}

// respondToAuthChallenge answers the challenge name. The username, the secret hash of that very name, the device key and
// the last session are put in here and nowhere else.
func (s *signIn) respondToAuthChallenge(ctx context.Context, name types.ChallengeNameType, answers map[string]string) (authReply, error) {
	responses := maps.Clone(answers)
	if responses == nil {
		responses = map[string]string{}
	}
	responses = s.clientParams().addTo(responses, s.username)
	clientID := aws.String(s.c.shared().clientID)
	if s.admin {
		out, err := s.c.shared().sdk.AdminRespondToAuthChallenge(ctx, &cognitoidentityprovider.AdminRespondToAuthChallengeInput{
			UserPoolId: aws.String(s.c.shared().id), ClientId: clientID, ChallengeName: name, Session: optional(s.session),
			ChallengeResponses: responses, ClientMetadata: s.call.metadata, ContextData: s.call.context, AnalyticsMetadata: s.call.analytics,
		}, sendOnce)
		if err != nil {
			return authReply{}, err
		}
		return authReply{out.ChallengeName, out.Session, out.ChallengeParameters, out.AuthenticationResult, nil}, nil
	}
	out, err := s.c.shared().sdk.RespondToAuthChallenge(ctx, &cognitoidentityprovider.RespondToAuthChallengeInput{
		ClientId: clientID, ChallengeName: name, Session: optional(s.session),
		ChallengeResponses: responses, ClientMetadata: s.call.metadata, UserContextData: s.call.userContext, AnalyticsMetadata: s.call.analytics,
	}, sendOnce)
	if err != nil {
		return authReply{}, err
	}
	return authReply{out.ChallengeName, out.Session, out.ChallengeParameters, out.AuthenticationResult, nil}, nil
}
