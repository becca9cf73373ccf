package cognito

import (
	"context"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

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
