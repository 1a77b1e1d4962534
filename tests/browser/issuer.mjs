// An OpenID Connect issuer (oauth2-mock-server) on loopback until its input ends; prints its address. Whoever comes is mia@example.com.
import { OAuth2Server } from 'oauth2-mock-server';

const server = new OAuth2Server();
await server.issuer.keys.generate('RS256');
await server.start(0, '127.0.0.1');
server.issuer.url = `http://127.0.0.1:${server.address().port}`;
server.service.on('beforeTokenSigning', (token) => {
  Object.assign(token.payload, { sub: 'mia-1', email: 'mia@example.com', email_verified: true, name: 'Mia' });
});
console.log(server.issuer.url);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
