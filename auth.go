package cognito

import (
	"context"
	"errors"
	"log/slog"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// Authenticate signs the session's user in with password. By default the password is proven by SRP
// (USER_SRP_AUTH) and never sent; [Flow](USER_PASSWORD_AUTH) sends it, where the app client allows that. The
// user may be named by an alias. It takes the options [Flow], [ClientMetadata] and [UserContextData].
//
// It returns nil when the user is signed in: the tokens are verified and have replaced the session's. It
// returns a [*ChallengeError] when the pool asks for more; the challenge is then the session's (see
// [Cognito.Challenge] and [Cognito.RespondToChallenge]). After any other error the session is as it was;
// [ErrInvalidCredentials], [ErrUserNotConfirmed], [ErrPasswordResetRequired], [ErrTooManyAttempts],
// [ErrUserDisabled] and [ErrSecretHash] are the usual ones. With [ErrKeysUnavailable] the user did sign in, but
// the tokens could not be verified: they are kept aside for [Cognito.VerifyTokens].
//
// It calls InitiateAuth and, for SRP, RespondToAuthChallenge, which need no AWS credentials; the pool's key set,
// if it is not known yet, is fetched beside them.
func (c *Cognito) Authenticate(ctx context.Context, password string, opts ...CallOption) error {
	return wrapError("Authenticate", c.authenticate(ctx, password, opts))
}

func (c *Cognito) authenticate(ctx context.Context, password string, opts []CallOption) error {
	call, err := newCallOptions(opts, optFlow, optClientMetadata, optUserContextData)
	if err != nil {
		return err
	}
	s := &signIn{c: c, username: c.Username(), call: call}
	if err := checkLogin(s.username, password); err != nil {
		return err
	}
	params := s.requester().sign(map[string]string{}, s.username)
	switch call.flow {
	case "", types.AuthFlowTypeUserSrpAuth:
		s.call.flow = types.AuthFlowTypeUserSrpAuth
		if params, err = s.startSRP(password); err != nil {
			return err
		}
	case types.AuthFlowTypeUserPasswordAuth:
		params[keyPassword] = password
	default:
		return fieldError("option Flow", "want USER_SRP_AUTH or USER_PASSWORD_AUTH, got "+quote(string(call.flow)))
	}
	c.pool.verifier.keys.warm(ctx)
	reply, err := s.initiate(ctx, params)
	if err != nil {
		return err
	}
	return s.advance(ctx, reply)
}

// signIn is one sign-in under way: the state machine of all flows. Its fields change with each reply.
type signIn struct {
	c        *Cognito
	username string // as the service last called the user; before, as the caller did
	session  string // from the last reply, for the next request
	srp      *SRP   // proves the password; nil when the flow does not
	handled  int    // challenges that the handler answered
	call     callOptions
}

// maxHandled bounds how many challenges of one sign-in the handler is asked to answer, so that a service cannot
// keep it busy for ever.
const maxHandled = 16

// authReply is what InitiateAuth and RespondToAuthChallenge answer alike.
type authReply struct {
	challenge types.ChallengeNameType
	session   *string
	params    map[string]string
	result    *types.AuthenticationResultType
}

func (s *signIn) requester() requester {
	return requester{clientID: s.c.pool.clientID, clientSecret: &s.c.pool.clientSecret}
}

func (s *signIn) startSRP(password string) (map[string]string, error) {
	var err error
	s.srp, err = NewSRP(s.c.pool.id, s.c.pool.clientID, s.username, password, WithSRPClientSecret(s.c.pool.clientSecret))
	if err != nil {
		return nil, err
	}
	return s.srp.AuthParameters()
}

// initiate sends the first request. It carries nothing that is good only once, so the SDK may repeat it.
func (s *signIn) initiate(ctx context.Context, params map[string]string) (authReply, error) {
	out, err := s.c.pool.sdk.InitiateAuth(ctx, &cognitoidentityprovider.InitiateAuthInput{
		AuthFlow: s.call.flow, ClientId: aws.String(s.c.pool.clientID), AuthParameters: params,
		ClientMetadata: s.call.metadata, UserContextData: s.call.userContext,
	})
	if err != nil {
		return authReply{}, err
	}
	return authReply{out.ChallengeName, out.Session, out.ChallengeParameters, out.AuthenticationResult}, nil
}

// respond answers the challenge name. The username, the secret hash of that very name and the last session are
// put in here and nowhere else.
func (s *signIn) respond(ctx context.Context, name types.ChallengeNameType, answers map[string]string) (authReply, error) {
	responses := maps.Clone(answers)
	if responses == nil {
		responses = map[string]string{}
	}
	out, err := s.c.pool.sdk.RespondToAuthChallenge(ctx, &cognitoidentityprovider.RespondToAuthChallengeInput{
		ChallengeName: name, ClientId: aws.String(s.c.pool.clientID), Session: optional(s.session),
		ChallengeResponses: s.requester().sign(responses, s.username),
		ClientMetadata:     s.call.metadata, UserContextData: s.call.userContext,
	}, sendOnce)
	if err != nil {
		return authReply{}, err
	}
	return authReply{out.ChallengeName, out.Session, out.ChallengeParameters, out.AuthenticationResult}, nil
}

// advance takes the sign-in on from a reply: to its end, to a challenge for the caller, or through the
// challenges that need no caller.
func (s *signIn) advance(ctx context.Context, reply authReply) error {
	for reply.result == nil {
		if reply.challenge == "" {
			return errors.New("the service's answer: want tokens or a challenge, got neither")
		}
		s.session = aws.ToString(reply.session)
		s.username = usernameOf(reply.params, s.username)
		var err error
		if reply.challenge == types.ChallengeNameTypePasswordVerifier && s.srp != nil {
			reply, err = s.prove(ctx, reply)
		} else {
			reply, err = s.ask(ctx, reply)
		}
		if err != nil {
			return err
		}
	}
	return s.finish(ctx, reply)
}

// prove answers PASSWORD_VERIFIER.
func (s *signIn) prove(ctx context.Context, reply authReply) (authReply, error) {
	answers, err := s.srp.PasswordVerifierChallenge(reply.params, s.c.pool.now())
	if err != nil {
		return authReply{}, err
	}
	s.srp = nil // one proof an attempt: a service that asks again gets no second one
	return s.respond(ctx, types.ChallengeNameTypePasswordVerifier, answers)
}

// ask makes the challenge the session's, and leaves it to the handler or the caller.
func (s *signIn) ask(ctx context.Context, reply authReply) (authReply, error) {
	ch := Challenge{Name: reply.challenge, Session: s.session, Username: s.username, Parameters: maps.Clone(reply.params)}
	kept := ch.clone()
	s.c.session.await(&kept)
	s.c.pool.log.DebugContext(ctx, "cognito: challenged", slog.Any("challenge", ch))
	handler := s.c.session.handler
	if handler == nil || s.handled == maxHandled {
		return authReply{}, &ChallengeError{Challenge: ch}
	}
	s.handled++
	answer, err := handler(ctx, ch.clone())
	switch {
	case err != nil:
		return authReply{}, err
	case answer == nil:
		return authReply{}, &ChallengeError{Challenge: ch}
	default:
		return s.answer(ctx, ch, answer)
	}
}

// answer answers ch. A challenge whose session turns out to be spent or expired is no longer pending.
func (s *signIn) answer(ctx context.Context, ch Challenge, answer Answer) (authReply, error) {
	s.username, s.session = ch.Username, ch.Session
	reply, err := s.respond(ctx, ch.Name, answer)
	if errors.Is(&Error{Err: err}, ErrSessionExpired) {
		s.c.session.dropChallenge(ch)
	}
	return reply, err
}

func (s *signIn) finish(ctx context.Context, reply authReply) error {
	tokens, err := s.c.newTokens(reply.result)
	if err != nil {
		return err
	}
	s.c.session.await(nil)
	if err := s.c.adopt(ctx, tokens); err != nil {
		return err
	}
	s.c.pool.log.DebugContext(ctx, "cognito: signed in", slog.String("username", s.username))
	return nil
}
