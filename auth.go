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
// user may be named by an alias. It takes the options [Flow], [ClientMetadata] and [UserContextData].
//
// It returns nil when the user is signed in: the tokens are verified and have replaced the session's. It
// returns a [*ChallengeError] when the pool asks for more; the challenge is then the session's (see
// [Cognito.Challenge] and [Cognito.RespondToChallenge]). After any other error the session is as it was;
// [ErrInvalidCredentials], [ErrUserNotConfirmed], [ErrPasswordResetRequired], [ErrTooManyAttempts],
// [ErrUserDisabled] and [ErrSecretHash] are the usual ones; tokens that cannot be verified, or are of another user than
// the service named on the way, are a [*TokenError]. With [ErrKeysUnavailable] and [ErrUnknownKey] the user did sign in, but
// the tokens could not be verified: they are kept aside for [Cognito.VerifyTokens].
//
// It calls InitiateAuth and, for SRP, RespondToAuthChallenge, which need no AWS credentials; the pool's key set,
// if it is not known yet, is fetched beside them. A remembered device ([WithDevice]) proves itself on the way.
func (c *Cognito) Authenticate(ctx context.Context, password string, opts ...CallOption) error {
	const op = "Authenticate"
	s, err := c.newSignIn(op, false, opts, optFlow)
	if err != nil {
		return wrapError(op, err)
	}
	return wrapError(op, s.byPassword(ctx, password, types.AuthFlowTypeUserSrpAuth, types.AuthFlowTypeUserPasswordAuth))
}

// AdminAuthenticate is [Cognito.Authenticate] for a server that is trusted with AWS credentials: the flow is
// ADMIN_USER_PASSWORD_AUTH, in which the password is sent. [Flow](USER_SRP_AUTH) proves it by SRP instead;
// CUSTOM_AUTH (after SRP), USER_AUTH (with SRP) and the older ADMIN_NO_SRP_AUTH can be chosen, too. It takes the
// options [Flow], [ClientMetadata] and [ContextData], and returns what Authenticate returns, and
// [ErrNoCredentials]. A challenge remembers, also as JSON, that it is an administrator's: its answer needs the
// AWS credentials again, and takes ContextData.
//
// It calls AdminInitiateAuth and AdminRespondToAuthChallenge, which need AWS credentials.
func (c *Cognito) AdminAuthenticate(ctx context.Context, password string, opts ...CallOption) error {
	const op = "AdminAuthenticate"
	s, err := c.newSignIn(op, true, opts, optFlow)
	if err != nil {
		return wrapError(op, err)
	}
	return wrapError(op, s.byPassword(ctx, password, types.AuthFlowTypeAdminUserPasswordAuth, types.AuthFlowTypeAdminNoSrpAuth,
		types.AuthFlowTypeUserSrpAuth, types.AuthFlowTypeCustomAuth, types.AuthFlowTypeUserAuth))
}

// AuthenticateCustom signs the session's user in by the challenges that the pool's Lambda functions define
// (CUSTOM_AUTH). With a password, SRP proves it first; with "" the custom challenges are all there is. It takes the
// options [ClientMetadata], which the service passes on to the functions with each answer but not with this first
// request, and [UserContextData]. It returns what [Cognito.Authenticate] returns; the challenge is usually
// CUSTOM_CHALLENGE, answered by [Cognito.RespondToCustomChallenge].
//
// It calls InitiateAuth and, with a password, RespondToAuthChallenge, which need no AWS credentials.
func (c *Cognito) AuthenticateCustom(ctx context.Context, password string, opts ...CallOption) error {
	const op = "AuthenticateCustom"
	s, err := c.newSignIn(op, false, opts)
	if err != nil {
		return wrapError(op, err)
	}
	if s.username == "" {
		return wrapError(op, errNoUsername)
	}
	return wrapError(op, s.begin(ctx, newOpening(types.AuthFlowTypeCustomAuth, password)))
}

// FirstFactor is what [Cognito.AuthenticateChoice] begins with. Printed or logged it shows no password.
type FirstFactor struct {
	// Preferred is the factor to try at once: PASSWORD, PASSWORD_SRP, EMAIL_OTP, SMS_OTP or WEB_AUTHN. If empty, it
	// is PASSWORD_SRP with a password, and without one the pool is asked what there is.
	Preferred types.ChallengeNameType
	// Password is what PASSWORD sends and PASSWORD_SRP proves; the other factors have none.
	Password string
}

// Format prints the factor without the password, whatever the verb.
func (f FirstFactor) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, "FirstFactor{"+string(f.Preferred)+"}")
}

// LogValue logs the factor without the password.
func (f FirstFactor) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(f)) }

// AuthenticateChoice signs the session's user in by a factor of choice (USER_AUTH): a password, a code by e-mail or
// SMS, or a passkey. FirstFactor{} asks what there is: the challenge is then SELECT_CHALLENGE, with the factors in
// [Challenge.Options], unless the user has just signed up: after [Cognito.ConfirmSignUp] in the same session (see
// also [WithRegistration]) the user is signed in at once. A factor that the user cannot use brings SELECT_CHALLENGE, too.
// It takes the options [ClientMetadata] and [UserContextData], and returns what [Cognito.Authenticate] returns.
//
// It calls InitiateAuth and, for SRP, RespondToAuthChallenge, which need no AWS credentials.
func (c *Cognito) AuthenticateChoice(ctx context.Context, first FirstFactor, opts ...CallOption) error {
	return wrapError("AuthenticateChoice", c.authenticateChoice(ctx, first, opts))
}

func (c *Cognito) authenticateChoice(ctx context.Context, first FirstFactor, opts []CallOption) error {
	s, err := c.newSignIn("AuthenticateChoice", false, opts)
	if err != nil {
		return err
	}
	if s.username == "" {
		return errNoUsername
	}
	o, err := newChoice(first)
	if err != nil {
		return err
	}
	if first == (FirstFactor{}) {
		o.session = c.session.takeSignUp(s.username)
	}
	return s.begin(ctx, o)
}

// NewPasswordChallenge signs the session's user in with password, which is temporary, and replaces it by newPassword:
// [Cognito.Authenticate] and [Cognito.RespondToNewPasswordChallenge] in one. attrs are the attributes that the pool
// requires and the user has not got yet; they may be nil. It takes the options [Flow], [ClientMetadata] and
// [UserContextData]. When the password turns out not to be temporary, it changes nothing and returns
// [ErrNoChallenge]; when newPassword or attrs are refused, the challenge stays pending.
//
// It calls InitiateAuth and RespondToAuthChallenge, which need no AWS credentials.
func (c *Cognito) NewPasswordChallenge(ctx context.Context, password, newPassword string, attrs Attributes, opts ...CallOption) error {
	const op = "NewPasswordChallenge"
	s, err := c.newSignIn(op, false, opts, optFlow)
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

// opening is the first request of a sign-in. It is kept for the case that the sign-in must begin again.
type opening struct {
	flow     types.AuthFlowType
	username string            // as the caller gave it
	params   map[string]string // beside the username and the proof
	password string            // sent, or with srp proven; "": there is none
	srp      bool
	session  string // of the sign-up, good once
}

// newOpening is the first request of flow with password, which is "" for a custom sign-in without one.
func newOpening(flow types.AuthFlowType, password string) opening {
	o := opening{flow: flow, password: password, params: map[string]string{}}
	switch flow {
	case types.AuthFlowTypeUserSrpAuth:
		o.srp = true
	case types.AuthFlowTypeCustomAuth:
		if o.srp = password != ""; o.srp {
			o.params[keyChallengeName] = keySRPA
		}
	case types.AuthFlowTypeUserAuth:
		o.srp = true
		o.params[keyPreferredChallenge] = string(types.ChallengeNameTypePasswordSrp)
	default: // the password is sent
	}
	return o
}

// newChoice is the first request of USER_AUTH with first.
func newChoice(first FirstFactor) (opening, error) {
	if first.Preferred == "" && first.Password != "" {
		first.Preferred = types.ChallengeNameTypePasswordSrp
	}
	if err := checkFactor("first factor", first.Preferred, first.Password); err != nil {
		return opening{}, err
	}
	o := opening{flow: types.AuthFlowTypeUserAuth, password: first.Password, params: map[string]string{}}
	o.srp = first.Preferred == types.ChallengeNameTypePasswordSrp
	if first.Preferred != "" {
		o.params[keyPreferredChallenge] = string(first.Preferred)
	}
	return o, nil
}

// checkFactor refuses a factor with a password that it does not take, or without one that it does. Factors that this
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

// newSignIn prepares a sign-in of the session's user; extra are the options that it takes beside those of every one.
func (c *Cognito) newSignIn(op string, admin bool, opts []CallOption, extra ...string) (*signIn, error) {
	if c.pool == nil || c.session == nil {
		return nil, errNotMade
	}
	call, err := newCallOptions(opts, signInOptions(admin, extra...)...)
	if err != nil {
		return nil, err
	}
	device, err := c.session.usableDevice()
	if err != nil {
		return nil, err
	}
	return &signIn{
		c: c, op: op, admin: admin, username: c.Username(), earlier: c.session.awaited(), call: call, device: device,
	}, nil
}

// signInOptions are the options that every request of a sign-in takes, and extra.
func signInOptions(admin bool, extra ...string) []string {
	if admin {
		return append(extra, optClientMetadata, optContextData)
	}
	return append(extra, optClientMetadata, optUserContextData)
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
	return s.begin(ctx, newOpening(flow, password))
}

// begin sends the first request and takes the sign-in as far as it goes without the caller.
func (s *signIn) begin(ctx context.Context, o opening) error {
	o.username = s.username
	s.opening = &o
	s.c.session.noteDevice(nil)
	s.c.pool.verifier.keys.Prefetch(ctx)
	reply, err := s.initiate(ctx)
	if o.session != "" && errors.Is(&Error{Err: err}, ErrSessionExpired) {
		s.opening.session = "" // too late to be signed in by the sign-up alone: ask what there is
		reply, err = s.initiate(ctx)
	}
	if err != nil {
		return err
	}
	return s.advance(ctx, reply)
}

// initiate sends the first request, with fresh secrets.
func (s *signIn) initiate(ctx context.Context) (authReply, error) {
	o := s.opening
	s.username, s.names, s.session = o.username, nil, o.session
	params, err := s.prove(o.srp, o.password, o.params)
	if err != nil {
		return authReply{}, err
	}
	reply, err := s.healed(ctx, func() (authReply, error) { return s.sendFirst(ctx, params) })
	if err == nil {
		o.session = "" // spent
	}
	return reply, err
}

// signIn is one sign-in under way: the state machine of all flows, a user's and an administrator's. Its fields change
// with each reply.
type signIn struct {
	c           *Cognito
	op          string // the method that the caller called
	admin       bool   // by the operations that need AWS credentials
	call        callOptions
	opening     *opening   // how it began; nil when it was taken up at a challenge, and so cannot begin again
	username    string     // as the service last called the user; before, as the caller did
	names       []string   // all names that the service last called the user by; nil before it did
	earlier     *Challenge // that was pending when it began; nil when none was
	session     string     // from the last reply, for the next request
	srp         *SRP       // proves the password; nil when the flow does not
	newPassword *newPasswordAnswer
	device      *Device     // that the user signs in with; nil when there is none, or the pool forgot it
	deviceSRP   *srp.Client // proves the device; nil before DEVICE_SRP_AUTH
	proven      bool        // the device has proven itself: it does so once
	handled     int         // challenges that the handler answered
}

// maxHandled bounds how many challenges of one sign-in the handler is asked to answer, so that a service cannot
// keep it busy for ever.
const maxHandled = 16

func (s *signIn) requester() requester {
	r := requester{clientID: s.c.pool.clientID, clientSecret: &s.c.pool.clientSecret}
	if s.device != nil {
		r.deviceKey = s.device.Key
	}
	return r
}

// prove adds the password to params, or what proves it by SRP.
func (s *signIn) prove(bySRP bool, password string, params map[string]string) (map[string]string, error) {
	params = maps.Clone(params)
	switch {
	case bySRP:
		helper, err := newSRP(s.c.pool.id, s.c.pool.clientID, s.username, password)
		if err != nil {
			return nil, err
		}
		first, err := helper.AuthParameters()
		if err != nil {
			return nil, err
		}
		s.srp, params[keySRPA] = helper, first[keySRPA]
	case password != "":
		params[keyPassword] = password
	}
	return params, nil
}

// advance takes the sign-in on from a reply: to its end, to a challenge for the caller, or through the
// challenges that need no caller.
func (s *signIn) advance(ctx context.Context, reply authReply) error {
	for reply.result == nil {
		if reply.challenge == "" {
			return errors.New("the service's answer: want tokens or a challenge, got neither")
		}
		s.session = aws.ToString(reply.session)
		s.learn(reply.params)
		var err error
		if reply, err = s.step(ctx, reply); err != nil {
			return err
		}
	}
	return s.finish(ctx, reply)
}

// learn takes over what the service calls the user in a challenge's parameters, if it does.
func (s *signIn) learn(params map[string]string) {
	if names := namesOf(params); len(names) > 0 {
		s.username, s.names = names[0], names
	}
}

// step answers one challenge, or has it answered.
func (s *signIn) step(ctx context.Context, reply authReply) (authReply, error) {
	switch {
	case reply.challenge == types.ChallengeNameTypePasswordVerifier && s.srp != nil:
		return s.provePassword(ctx, reply)
	case reply.challenge == types.ChallengeNameTypeDeviceSrpAuth && s.device != nil && s.deviceSRP == nil:
		return s.startDevice(ctx)
	case reply.challenge == types.ChallengeNameTypeDevicePasswordVerifier && s.device != nil && s.deviceSRP != nil && !s.proven:
		return s.proveDevice(ctx, reply)
	default:
		return s.ask(ctx, reply)
	}
}

// provePassword answers PASSWORD_VERIFIER.
func (s *signIn) provePassword(ctx context.Context, reply authReply) (authReply, error) {
	answers, err := s.srp.passwordVerifier(reply.params, s.c.pool.now())
	if err != nil {
		return authReply{}, err
	}
	s.srp = nil // one proof an attempt: a service that asks again gets no second one
	return s.respond(ctx, types.ChallengeNameTypePasswordVerifier, answers)
}

// ask makes the challenge the session's, and leaves it to the handler or the caller.
func (s *signIn) ask(ctx context.Context, reply authReply) (authReply, error) {
	ch := Challenge{
		Name: reply.challenge, Session: s.session, Username: s.username, Parameters: maps.Clone(reply.params),
		Available: slices.Clone(reply.available), Admin: s.admin,
	}
	kept := ch.clone()
	s.c.session.await(&kept)
	s.c.pool.log.DebugContext(ctx, "cognito: challenged", slog.Any("challenge", ch))
	if s.newPassword != nil && ch.Name == types.ChallengeNameTypeNewPasswordRequired {
		answer, err := s.newPassword.answer(ch)
		if err != nil {
			return authReply{}, err
		}
		s.newPassword = nil
		return s.answer(ctx, ch, answer)
	}
	handler := s.c.session.handler
	if handler == nil || s.handled == maxHandled {
		return authReply{}, &ChallengeError{Challenge: ch}
	}
	s.handled++
	answer, err := handler(withClock(ctx, s.c.pool.now), ch.clone())
	switch {
	case err != nil:
		return authReply{}, err
	case answer == nil:
		return authReply{}, &ChallengeError{Challenge: ch}
	default:
		return s.answer(ctx, ch, answer)
	}
}

// answer answers ch. A challenge that was answered, or whose session turns out to be spent or expired, is no longer
// pending.
func (s *signIn) answer(ctx context.Context, ch Challenge, answer Answer) (authReply, error) {
	s.learn(ch.Parameters)
	s.username, s.session = ch.Username, ch.Session
	reply, err := s.respond(ctx, ch.Name, answer)
	if err == nil {
		s.c.session.dropChallenge(ch)
		return reply, nil
	}
	return authReply{}, s.c.session.refusedAnswer(ch, err)
}

// refusedAnswer takes ch away if err, the service's refusal of an answer, says that it is over. It returns err, and says
// what is to be done where the service does not.
func (s *session) refusedAnswer(ch Challenge, err error) error {
	if !endsChallenge(ch.Name, err) {
		return err
	}
	s.dropChallenge(ch)
	if errors.Is(&Error{Err: err}, ErrSessionExpired) {
		return fmt.Errorf("%w: %w", ErrSessionExpired, err)
	}
	return err
}

// endsChallenge reports whether err says that the challenge name cannot be answered again. A wrong code can be, but
// when the pool's Lambda function gives up on a custom sign-in the service only says that the credentials are wrong.
func endsChallenge(name types.ChallengeNameType, err error) bool {
	err = &Error{Err: err}
	return errors.Is(err, ErrSessionExpired) ||
		name == types.ChallengeNameTypeCustomChallenge && errors.Is(err, ErrInvalidCredentials)
}

func (s *signIn) finish(ctx context.Context, reply authReply) error {
	if s.newPassword != nil {
		return fmt.Errorf("%w: the password is not temporary, and no new one is asked for", ErrNoChallenge)
	}
	tokens, err := s.c.newTokens(reply.result)
	if err != nil {
		return err
	}
	if err := s.checkUser(tokens); err != nil {
		return err
	}
	err = s.c.adopt(ctx, tokens)
	if s.c.session.newest().AccessToken == tokens.AccessToken { // verified, or kept until it can be
		s.c.session.endChallenge(s.earlier)
		s.c.session.offerDevice(reply.result.NewDeviceMetadata)
	}
	if err != nil {
		return err
	}
	s.c.pool.log.DebugContext(ctx, "cognito: signed in", slog.String("username", s.username))
	s.trackDevice(ctx)
	return nil
}

// checkUser refuses the tokens of a user whom the service called otherwise in this very sign-in. Nothing is verified
// here; that comes next. Services that are not Amazon's may call the user by the subject of the tokens, or repeat the
// address that the user signs in with.
func (s *signIn) checkUser(tokens Tokens) error {
	claims := unverifiedClaims(tokens.AccessToken)
	if claims == nil || s.names == nil {
		return nil
	}
	called := []string{claims.username, claims.subject}
	if id, err := parseToken(tokens.IDToken); err == nil {
		var addresses struct {
			Email string `json:"email"`
			Phone string `json:"phone_number"`
		}
		_ = json.Unmarshal([]byte(id.payload), &addresses) // what cannot be read is no address
		called = append(called, addresses.Email, addresses.Phone)
	}
	if slices.ContainsFunc(s.names, func(name string) bool { return slices.Contains(called, name) }) {
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

// sendFirst sends the first request. It may be repeated by the SDK unless it carries the session of a sign-up, which
// is good only once.
func (s *signIn) sendFirst(ctx context.Context, params map[string]string) (authReply, error) {
	var repeat []func(*cognitoidentityprovider.Options)
	if s.session != "" {
		repeat = append(repeat, sendOnce)
	}
	clientID := aws.String(s.c.pool.clientID)
	params = s.requester().sign(maps.Clone(params), s.username)
	if s.admin {
		out, err := s.c.pool.sdk.AdminInitiateAuth(ctx, &cognitoidentityprovider.AdminInitiateAuthInput{
			UserPoolId: aws.String(s.c.pool.id), ClientId: clientID, AuthFlow: s.opening.flow, AuthParameters: params,
			Session: optional(s.session), ClientMetadata: s.call.metadata, ContextData: s.call.context,
		}, repeat...)
		if err != nil {
			return authReply{}, err
		}
		return authReply{out.ChallengeName, out.Session, out.ChallengeParameters, out.AuthenticationResult, out.AvailableChallenges}, nil
	}
	out, err := s.c.pool.sdk.InitiateAuth(ctx, &cognitoidentityprovider.InitiateAuthInput{
		ClientId: clientID, AuthFlow: s.opening.flow, AuthParameters: params,
		Session: optional(s.session), ClientMetadata: s.call.metadata, UserContextData: s.call.userContext,
	}, repeat...)
	if err != nil {
		return authReply{}, err
	}
	return authReply{out.ChallengeName, out.Session, out.ChallengeParameters, out.AuthenticationResult, out.AvailableChallenges}, nil
}

// respond answers the challenge name, and again without the device when the pool has forgotten that.
func (s *signIn) respond(ctx context.Context, name types.ChallengeNameType, answers map[string]string) (authReply, error) {
	return s.healed(ctx, func() (authReply, error) { return s.send(ctx, name, answers) })
}

// send answers the challenge name. The username, the secret hash of that very name, the device key and the last
// session are put in here and nowhere else.
func (s *signIn) send(ctx context.Context, name types.ChallengeNameType, answers map[string]string) (authReply, error) {
	responses := maps.Clone(answers)
	if responses == nil {
		responses = map[string]string{}
	}
	responses = s.requester().sign(responses, s.username)
	clientID := aws.String(s.c.pool.clientID)
	if s.admin {
		out, err := s.c.pool.sdk.AdminRespondToAuthChallenge(ctx, &cognitoidentityprovider.AdminRespondToAuthChallengeInput{
			UserPoolId: aws.String(s.c.pool.id), ClientId: clientID, ChallengeName: name, Session: optional(s.session),
			ChallengeResponses: responses, ClientMetadata: s.call.metadata, ContextData: s.call.context,
		}, sendOnce)
		if err != nil {
			return authReply{}, err
		}
		return authReply{out.ChallengeName, out.Session, out.ChallengeParameters, out.AuthenticationResult, nil}, nil
	}
	out, err := s.c.pool.sdk.RespondToAuthChallenge(ctx, &cognitoidentityprovider.RespondToAuthChallengeInput{
		ClientId: clientID, ChallengeName: name, Session: optional(s.session),
		ChallengeResponses: responses, ClientMetadata: s.call.metadata, UserContextData: s.call.userContext,
	}, sendOnce)
	if err != nil {
		return authReply{}, err
	}
	return authReply{out.ChallengeName, out.Session, out.ChallengeParameters, out.AuthenticationResult, nil}, nil
}
